import { isCode, RotationError } from '../errors.ts'
import type { Dfns } from '../ports/dfns.ts'
import { DfnsFailure } from '../ports/dfns-transport.ts'
import { readAuthToken } from './auth-token.ts'
import type { Means } from './credential.ts'
import { type KeyDocument, readFields, readKeyDocument } from './document.ts'
import { meaningOf } from './refusals.ts'
import { readUserDocument } from './user-document.ts'

/** Whoever signs for a secret: the identity in the secret at its `signerArn`. */
export interface Signer {
  readonly document: KeyDocument
  readonly dfns: Dfns
  /** For `catch`: what went wrong with the signer is ERR_SIGNER, unless it may pass. */
  readonly explain: (error: unknown) => Promise<never>
}

/** A reply that reports success in another form than the documented one is no word on the signer. */
const isStrange = (error: unknown): boolean =>
  error instanceof DfnsFailure && isCode(error, 'ERR_DFNS_RESPONSE') && !error.isRefusal

/** What has to be known of a document to find its signer. */
export interface Signed {
  readonly on: string
  readonly secretArn: string
  readonly signerArn: string | undefined
  readonly origin: string
  readonly orgId: string
}

export const signedBy = ({ on, secretArn, signerArn, identity, orgId }: KeyDocument): Signed => ({
  on,
  secretArn,
  signerArn,
  origin: identity.origin,
  orgId,
})

type SignerKind = 'UserKey' | 'ServiceAccountKey' | 'PersonalAccessTokenKey'

/**
 * Opens the secret at `signerArn`, which has to be in the same account and region, of the same organisation
 * and origin, and of one of these kinds. Its own signer is never followed.
 */
export function signerOf(asked: {
  signed: Signed
  kinds: readonly SignerKind[]
  means: Means
}): Promise<Signer> {
  const { signed, kinds, means } = asked
  const { signerArn: arn, on } = signed
  if (arn === undefined) throw refused(on, 'the document names no signerArn')
  return means.once(`signer ${arn} ${kinds.join()}`, async () => {
    const document = await signerDocument({ ...asked, arn })
    if (document.identity.origin !== signed.origin || document.orgId !== signed.orgId)
      throw refused(on, `${arn} is of another organisation or baseUrl`)
    const explain = async (error: unknown): Promise<never> => {
      const meaning = await meaningOf({ error, generation: document, means })
      if (!(meaning instanceof RotationError) || meaning.retryable || isStrange(error)) throw meaning
      throw refused(on, meaning.message)
    }
    return { document, dfns: means.dfnsAs(document.identity), explain }
  })
}

/**
 * The signer of a personal access token, logged in, and the very user whose token it is: a key on another
 * user would hand that user's identity to the readers of this secret.
 */
export async function userOf(asked: { generation: KeyDocument; means: Means }): Promise<Signer> {
  const { generation, means } = asked
  const signer = await signerOf({ signed: signedBy(generation), kinds: ['UserKey'], means })
  const userId = readAuthToken(await signer.dfns.authToken().catch(signer.explain))?.userId
  if (userId === undefined || userId !== generation.userId) {
    const problem = `${generation.signerArn} is another user than the one whose token authToken is`
    throw refused(generation.on, problem)
  }
  if (signer.document.id !== generation.id) return signer
  const problem = `${generation.signerArn} holds the very key that is to be rotated`
  throw refused(generation.on, `${problem}: give the token one of its own`)
}

async function signerDocument(asked: {
  signed: Signed
  kinds: readonly SignerKind[]
  means: Means
  arn: string
}): Promise<KeyDocument> {
  const { signed, kinds, means, arn } = asked
  const { on, secretArn } = signed
  const { allowedSigners } = means.limits
  if (placeOf(arn) !== placeOf(secretArn)) throw refused(on, `${arn} is in another account or region`)
  if (arn === secretArn) throw refused(on, 'signerArn names the secret itself')
  if (allowedSigners !== undefined && !allowedSigners.includes(arn))
    throw refused(on, `${arn} is none of the policy's allowedSigners`)
  const source = { text: await means.readSecret(arn), on: `AWSCURRENT of ${arn}`, secretArn: arn }
  try {
    const { kind } = readFields(source)
    if (!kinds.some((one) => one === kind)) throw refused(on, `${arn} is not of kind ${kinds.join(', ')}`)
    return (kind === 'UserKey' ? readUserDocument : readKeyDocument)(source, means.limits)
  } catch (error) {
    if (error instanceof RotationError && error.code !== 'ERR_SIGNER') throw refused(on, error.message)
    throw error
  }
}

/** Partition, region and account of an ARN. */
const placeOf = (arn: string): string => arn.split(':').slice(1, 5).join(':')

function refused(on: string, problem: string): RotationError {
  return new RotationError('ERR_SIGNER', `${on}: its signer cannot be used: ${problem}`)
}
