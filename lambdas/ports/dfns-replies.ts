import * as v from 'valibot'
import { DfnsFailure } from './dfns-transport.ts'

/** An id that Dfns gave. It goes into messages, logs and request bodies. */
export const dfnsId = v.pipe(v.string(), v.regex(/^[\w.:-]{1,128}$/))

/** Whoever names something must not keep others from what is listed beside it: an overlong name is cut. */
export const nameText = v.pipe(
  v.string(),
  v.transform((text) => text.slice(0, 4_096)),
)
const bytes = v.pipe(v.string(), v.minLength(1), v.maxLength(8_192))

const listedCredential = v.object({
  credentialId: v.pipe(v.string(), v.maxLength(1_024)),
  credentialUuid: dfnsId,
  isActive: v.boolean(),
  kind: v.optional(v.string(), 'Key'),
  name: v.optional(v.nullable(nameText), ''),
  dateCreated: v.optional(v.string(), ''),
  // SPKI PEM, a fingerprint, or nothing: documents differ.
  publicKey: v.optional(v.nullable(v.pipe(v.string(), v.maxLength(8_192))), ''),
})
const credentialList = v.object({ items: v.array(listedCredential) })
export const credentialChallenge = v.object({ challenge: bytes, challengeIdentifier: bytes })
const userActionChallenge = v.object({
  challenge: bytes,
  challengeIdentifier: bytes,
  allowCredentials: v.object({ key: v.optional(v.array(v.object({ id: v.string() })), []) }),
})
// They go into a header.
export const headerText = v.pipe(v.string(), v.regex(/^[\x21-\x7e]{1,8192}$/))
const login = v.union([v.object({ token: headerText }), v.object({ ssoClientId: v.string() })])
const userAction = v.object({ userAction: headerText })

/** What is used of each reply. The SDK trusts what it gets, so nothing else reaches it. */
const replies: Readonly<Record<string, v.GenericSchema>> = {
  'GET /auth/credentials': credentialList,
  'POST /auth/credentials/init': credentialChallenge,
  'POST /auth/action/init': userActionChallenge,
  'POST /auth/action': userAction,
  'GET /auth/action/logs': v.string(),
  'POST /auth/login/init': userActionChallenge,
  'POST /auth/login': login,
}

export type ListedCredential = v.InferOutput<typeof listedCredential>
export type UserActionChallenge = v.InferOutput<typeof userActionChallenge>

/** The reply of an endpoint as far as it is used; throws if it is not as documented. */
export function readReply(endpoint: string, reply: unknown): unknown {
  const schema = replies[endpoint]
  if (schema === undefined) return {}
  return readAs({ schema, endpoint, reply })
}

/** The same by a schema of the caller's. */
export function readAs<const S extends v.GenericSchema>(given: {
  schema: S
  endpoint: string
  reply: unknown
}): v.InferOutput<S> {
  const { schema, endpoint, reply } = given
  const { success, output } = v.safeParse(schema, reply)
  if (success) return output
  throw undocumented(endpoint)
}

export function undocumented(endpoint: string): DfnsFailure {
  const problem = 'success, but not the documented reply'
  return new DfnsFailure('ERR_DFNS_RESPONSE', problem, { endpoint, status: 200, retryable: false })
}

/** A moment as Dfns writes it, or nothing where it is none. */
export function dateIn(text: string | undefined): Date | undefined {
  const date = new Date(text ?? '')
  return Number.isNaN(date.getTime()) ? undefined : date
}

/** Dfns's SDK for Python says that the audit log comes as CSV, the one for TypeScript reads it as JSON. */
export const isText = (endpoint: string): boolean => endpoint === 'GET /auth/action/logs'
