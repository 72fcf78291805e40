import { DfnsApiClient, type DfnsApiClientOptions } from '@dfns/sdk'
import { dfnsClientOf } from './calls.ts'
import type { KeyDocument } from './document.ts'
import type { RotatingSecret } from './rotating-secret.ts'

export { type CallOptions, dfnsClientOf } from './calls.ts'

/**
 * A `DfnsApiClient` that survives every rotation. Token and key of a call are those of one generation of the
 * secret, read from memory. A call that Dfns refuses for them before it did anything (with 401, while it was
 * signed for, …) is repeated once, whole, with a newer generation if there is one; what may have had an
 * effect is never repeated. A user (`UserKey`) is logged in. `options`: what the SDK takes beside token and
 * signer.
 */
export function dfnsClient(
  secret: RotatingSecret<KeyDocument>,
  options: Omit<DfnsApiClientOptions, 'authToken' | 'signer'> = {},
): DfnsApiClient {
  // What is set to undefined is not set: in the place of the secret's `baseUrl` the SDK would put its own.
  const set = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined))
  return dfnsClientOf(secret, (own) => new DfnsApiClient({ ...own, ...set }))
}
