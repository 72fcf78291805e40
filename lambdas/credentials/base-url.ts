import { RotationError } from '../errors.ts'

const loopback = /^(localhost|127\.\d{1,3}\.\d{1,3}\.\d{1,3}|\[::1\])$/

/**
 * The origin that an address names, or nothing if it is more or other than an origin: user information, a
 * path, a query or a fragment could make a request go elsewhere than it seems. Plain http is for loopback
 * only.
 */
export function originOf(address: string): string | undefined {
  const isBare = /^https?:\/\/[!-.0-~]+\/?$/i.test(address) && !/[\\?#@]/.test(address)
  if (!isBare || !URL.canParse(address)) return undefined
  const url = new URL(address)
  if (url.protocol === 'http:' && !loopback.test(url.hostname)) return undefined
  return url.origin
}

/**
 * The origin to send requests to: that of `baseUrl`, if the policy names it. Checked before any request
 * leaves.
 */
export function allowedOrigin(address: { baseUrl: string; allowed: readonly string[]; on: string }): string {
  const origin = originOf(address.baseUrl)
  if (origin !== undefined && address.allowed.some((one) => originOf(one) === origin)) return origin
  throw new RotationError(
    'ERR_BASE_URL',
    `${address.on}: baseUrl is not an origin that the policy's allowedBaseUrls names. ` +
      'Correct the field, or add the origin to the policy.',
  )
}
