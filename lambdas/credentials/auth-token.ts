import * as v from 'valibot'
import { dfnsId } from '../ports/dfns-replies.ts'
import { readJsonObject } from './json.ts'

/**
 * What a Dfns token says of itself. Read without checking its signature: Dfns decides whether it is valid.
 */
export interface TokenClaims {
  readonly orgId: string
  readonly userId: string | undefined
  /** `jti`: no page says what it is, so it only counts where Dfns lists a token by that id. */
  readonly tokenId: string | undefined
  readonly expires: Date | undefined
}

const claims = v.object({
  jti: v.optional(v.unknown()),
  exp: v.optional(v.pipe(v.number(), v.minValue(0), v.maxValue(8.64e12))),
  // The claim that @dfns/sdk reads (utils/authToken).
  'https://custom/app_metadata': v.object({ orgId: dfnsId, userId: v.optional(dfnsId) }),
})

/** The claims of a JWT, or nothing if it is none, or names no organisation. */
export function readAuthToken(token: string): TokenClaims | undefined {
  const payload = /^[\w-]+=*\.([\w-]+)=*\.[\w-]*=*$/.exec(token)?.[1]
  if (payload === undefined) return undefined
  const json = readJsonObject(Buffer.from(payload, 'base64url').toString())
  const { success, output } = v.safeParse(claims, json)
  if (!success) return undefined
  const { orgId, userId } = output['https://custom/app_metadata']
  const tokenId = typeof output.jti === 'string' ? output.jti : undefined
  const expires = output.exp === undefined ? undefined : new Date(output.exp * 1_000)
  return { orgId, userId, tokenId, expires }
}
