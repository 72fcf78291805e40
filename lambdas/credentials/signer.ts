import { RotationError } from '../errors.ts'
import type { Dfns } from '../ports/dfns.ts'
import { readAuthToken } from './auth-token.ts'
import type { Means } from './credential.ts'
import { type KeyDocument, readFields } from './document.ts'
import { meaningOf } from './refusals.ts'
import { readUserDocument } from './user-document.ts'

/** The user whose key the secret at `signerArn` holds, in a session of its own. */
export interface Signer {
  readonly document: KeyDocument
  readonly dfns: Dfns
}

/**
 * Logs the signer in, and makes sure that it is the user whose token `generation` has: a key on another user
 * would hand that user's identity to the readers of this secret. Its own signer is never followed.
 */
export function signerOf(by: { generation: KeyDocument; means: Means }): Promise<Signer> {
  const { generation, means } = by
  const { signerArn: arn, identity } = generation
  if (arn === undefined) throw refused(generation, 'the document names no signerArn')
  return means.once(`signer ${arn} ${JSON.stringify(identity.authToken)}`, () => open({ ...by, arn }))
}

async function open(by: { generation: KeyDocument; means: Means; arn: string }): Promise<Signer> {
  const { generation, means, arn } = by
  const document = await signerDocument(by)
  const { origin } = generation.identity
  if (document.identity.origin !== origin || document.orgId !== generation.orgId)
    throw refused(generation, `${arn} is of another organisation or baseUrl`)
  const dfns = means.dfnsAs(document.identity)
  const token = await dfns.authToken().catch(explainingSigner({ generation, signer: document, means }))
  const userId = readAuthToken(token)?.userId
  if (userId === undefined || userId !== generation.userId)
    throw refused(generation, `${arn} is another user than the one whose token authToken is`)
  return { document, dfns }
}

async function signerDocument(by: {
  generation: KeyDocument
  means: Means
  arn: string
}): Promise<KeyDocument> {
  const { generation, means, arn } = by
  const { allowedSigners } = means.limits
  if (placeOf(arn) !== placeOf(generation.secretArn))
    throw refused(generation, `${arn} is in another account or region`)
  if (arn === generation.secretArn) throw refused(generation, 'signerArn names the secret itself')
  if (allowedSigners !== undefined && !allowedSigners.includes(arn))
    throw refused(generation, `${arn} is none of the policy's allowedSigners`)
  const text = await means.readSecret(arn)
  const source = { text, on: `AWSCURRENT of ${arn}`, secretArn: arn }
  try {
    const { kind } = readFields(source)
    if (kind === 'UserKey') return readUserDocument(source, means.limits)
    throw refused(generation, `${arn} is not of kind UserKey`)
  } catch (error) {
    if (error instanceof RotationError && error.code !== 'ERR_SIGNER')
      throw refused(generation, error.message)
    throw error
  }
}

/** Partition, region and account of an ARN. */
const placeOf = (arn: string): string => arn.split(':').slice(1, 5).join(':')

function refused({ on }: KeyDocument, problem: string): RotationError {
  return new RotationError('ERR_SIGNER', `${on}: its signer cannot be used: ${problem}`)
}

/** What went wrong with the signer is ERR_SIGNER, unless it may pass. */
export function explainingSigner(by: {
  generation: KeyDocument
  signer: KeyDocument
  means: Means
}): (error: unknown) => Promise<never> {
  const { generation, signer, means } = by
  return async (error) => {
    const meaning = await meaningOf({ error, generation: signer, means })
    if (!(meaning instanceof RotationError) || meaning.retryable) throw meaning
    throw refused(generation, meaning.message)
  }
}
