import { date, type Fields, filled, flag, listOf, number, object, oneOf, optional, text } from './fields.ts'
import type { Reader } from './fields.ts'

/** A credential as Dfns lists it. */
export interface Credential {
  /** `Fido2` is a passkey. Dfns has more kinds, and may get others. */
  readonly kind: string
  /** Base64url; what WebAuthn knows it by. */
  readonly credentialId: string
  readonly credentialUuid: string
  /** Milliseconds. */
  readonly dateCreated: number
  readonly isActive: boolean
  readonly name: string
  /** The domain of a passkey; empty where Dfns names none. */
  readonly relyingPartyId: string
}

/** Something to sign, to log in or for a user action. */
export interface Challenge {
  readonly challenge: string
  readonly challengeIdentifier: string
  readonly userVerification: UserVerification
  /** Ids of the passkeys that may sign: credential ids or, as another page of Dfns has it, uuids. */
  readonly allowed: readonly string[]
}

/** What a new passkey is made for. */
export interface CreationChallenge {
  readonly challenge: string
  readonly challengeIdentifier: string
  readonly user: { readonly id: string; readonly name: string; readonly displayName: string }
  readonly attestation: 'none' | 'indirect' | 'direct' | 'enterprise'
  /** COSE numbers. */
  readonly algorithms: readonly number[]
  /** Ids of the passkeys whose authenticators must refuse. */
  readonly excluded: readonly string[]
  readonly selection: {
    readonly residentKey: UserVerification
    readonly requireResidentKey: boolean
    readonly userVerification: UserVerification
    readonly authenticatorAttachment?: 'platform' | 'cross-platform'
  }
}

export type UserVerification = 'required' | 'preferred' | 'discouraged'

/** A session that was opened. */
export interface Session {
  readonly token: string
  /** When Dfns says it was issued, in milliseconds of Dfns's clock, if the token tells. */
  readonly issuedAt: number | undefined
}

const need = oneOf<UserVerification>('required', 'preferred', 'discouraged')
const attestation = oneOf('none', 'indirect', 'direct', 'enterprise')
const attachment = oneOf('platform', 'cross-platform')
const ids = listOf((value) => filled(object(value)['id']))

export const credential: Reader<Credential> = (value) => {
  const fields = object(value)
  return {
    kind: filled(fields['kind']),
    credentialId: filled(fields['credentialId']),
    credentialUuid: filled(fields['credentialUuid']),
    dateCreated: date(fields['dateCreated']),
    isActive: flag(fields['isActive']),
    name: text(fields['name']),
    relyingPartyId: optional(text)(fields['relyingPartyId']) ?? '',
  }
}

export const credentialList: Reader<readonly Credential[]> = (value) =>
  listOf(credential)(object(value)['items'])

export const challenge: Reader<Challenge> = (value) => {
  const fields = object(value)
  return {
    challenge: filled(fields['challenge']),
    challengeIdentifier: filled(fields['challengeIdentifier']),
    userVerification: optional(need)(fields['userVerification']) ?? 'required',
    allowed: optional(ids)(object(fields['allowCredentials'])['webauthn']) ?? [],
  }
}

export const creationChallenge: Reader<CreationChallenge> = (value) => {
  const fields = object(value)
  oneOf('Fido2')(fields['kind'])
  const user = object(fields['user'])
  return {
    challenge: filled(fields['challenge']),
    challengeIdentifier: filled(fields['challengeIdentifier']),
    user: { id: filled(user['id']), name: filled(user['name']), displayName: text(user['displayName']) },
    attestation: attestation(fields['attestation']),
    algorithms: listOf((each) => number(object(each)['alg']))(fields['pubKeyCredParams']),
    excluded: ids(fields['excludeCredentials']),
    selection: selection(object(fields['authenticatorSelection'])),
  }
}

function selection(fields: Fields): CreationChallenge['selection'] {
  const attached = optional(attachment)(fields['authenticatorAttachment'])
  return {
    residentKey: need(fields['residentKey']),
    requireResidentKey: flag(fields['requireResidentKey']),
    userVerification: need(fields['userVerification']),
    ...(attached !== undefined && { authenticatorAttachment: attached }),
  }
}

/** A login's reply; nothing where the organisation logs in by SSO. */
export const login: Reader<Session | undefined> = (value) => {
  const fields = object(value)
  if (optional(filled)(fields['ssoClientId']) !== undefined) return undefined
  const token = filled(fields['token'])
  return { token, issuedAt: issuedAt(token) }
}

/** The `iat` of a JWT that nobody verifies here: it only sets the page's clock to Dfns's. */
function issuedAt(token: string): number | undefined {
  try {
    const claims = atob((token.split('.')[1] ?? '').replaceAll('-', '+').replaceAll('_', '/'))
    return number(object(JSON.parse(claims))['iat']) * 1000
  } catch {
    return undefined
  }
}

export const userAction: Reader<string> = (value) => filled(object(value)['userAction'])

/** A one-time code and when it ends, in milliseconds of Dfns's clock. */
export const credentialCode: Reader<{ readonly code: string; readonly expires: number }> = (value) => {
  const fields = object(value)
  return { code: filled(fields['code']), expires: date(fields['expiration']) }
}

/** The message of an error body, in any of the shapes that Dfns shows; only ever compared, never shown. */
export function errorMessage(value: unknown): string {
  try {
    const fields = object(value)
    const inner = typeof fields['error'] === 'object' ? object(fields['error']) : fields
    return optional(text)(inner['message'] ?? fields['message']) ?? ''
  } catch {
    return ''
  }
}
