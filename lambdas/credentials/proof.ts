import { isCode, RotationError } from '../errors.ts'
import type { Dfns, UserAction } from '../ports/dfns.ts'
import type { ListedCredential } from '../ports/dfns-replies.ts'
import { DfnsFailure } from '../ports/dfns-transport.ts'
import { settled } from '../ports/time.ts'
import { unlessRefused } from './answer.ts'
import type { Means } from './credential.ts'
import type { KeyDocument } from './document.ts'

/** Every credential under one id: where ids are not unique, a lost reply may have left two. */
export async function credentialsOf(
  dfns: Dfns,
  { id }: { id: string },
): Promise<readonly ListedCredential[]> {
  return (await dfns.listCredentials()).filter(({ credentialId }) => credentialId === id)
}

/**
 * Signs a user action with the generation's key and does not spend it: a call that only reads proves no key.
 */
export async function prove(proof: { generation: KeyDocument; fresh: boolean; means: Means }): Promise<void> {
  const { generation, fresh, means } = proof
  const dfns = means.dfnsAs(generation.identity)
  let refusal: RotationError | undefined
  const sign = async (): Promise<true | undefined> => {
    try {
      await dfns.signUserAction(await harmlessAction(dfns, generation))
      return true
    } catch (error) {
      refusal = refusalOf({ error, generation })
      return undefined
    }
  }
  const accepted = fresh ? await settled(means.time, sign) : await sign()
  if (accepted === undefined && refusal !== undefined) throw refusal
}

/** The same for a generation whose uuid a list has told already, or not at all. */
export async function proveListed(listed: {
  generation: KeyDocument
  credentialUuid: string | undefined
  means: Means
}): Promise<void> {
  const { generation, credentialUuid, means } = listed
  const action = credentialUuid === undefined ? listing : activationOf(credentialUuid)
  await means
    .dfnsAs(generation.identity)
    .signUserAction(action)
    .catch((error: unknown) => {
      throw explainSigning({ error, generation })
    })
}

/** The refusal of a key, which a fresh one is given time to outlive. Whatever else went wrong is thrown. */
function refusalOf({ error, generation }: { error: unknown; generation: KeyDocument }): RotationError {
  const explained = explainSigning({ error, generation })
  if (isCode(explained, 'ERR_VERIFY')) return explained
  throw explained
}

// What Dfns documents for tokens, accounts and signatures; 402 or 404, say, are no word on either. A login
// names the credential, which may not be found.
const refusals: readonly number[] = [400, 401, 403, 422]
const isWordOn = ({ status = 0, endpoint }: DfnsFailure): boolean =>
  refusals.includes(status) || (status === 404 && endpoint === 'POST /auth/login')

/**
 * Says what the refusal of a signed call means: of the token, or of the key. Other errors are returned as
 * they are.
 */
export function explainSigning({ error, generation }: { error: unknown; generation: KeyDocument }): unknown {
  if (!(error instanceof DfnsFailure) || !error.isRefusal) return error
  if (!isWordOn(error)) return error
  if (error.endpoint === 'POST /auth/login/init') {
    const meaning = 'its user is not known, or not active'
    return new RotationError('ERR_TOKEN_EXPIRED', `${generation.on}: ${meaning} (${error.message})`)
  }
  if (error.endpoint === 'POST /auth/action/init') {
    const meaning = 'its token has expired or was revoked, or its account is not active'
    return new RotationError('ERR_TOKEN_EXPIRED', `${generation.on}: ${meaning} (${error.message})`)
  }
  if (error.endpoint === 'POST /auth/action' || error.endpoint === 'POST /auth/login') {
    const meaning = 'Dfns does not accept its key'
    return new RotationError('ERR_VERIFY', `${generation.on}: ${meaning} (${error.message})`)
  }
  return error
}

async function harmlessAction(dfns: Dfns, generation: KeyDocument): Promise<UserAction> {
  // Who may not list may still sign.
  const listed = (await unlessRefused(credentialsOf(dfns, generation))) ?? []
  const active = listed.find(({ isActive }) => isActive)
  if (active !== undefined) return activationOf(active.credentialUuid)
  if (listed.length === 0) return listing
  throw new RotationError('ERR_VERIFY', `${generation.on}: its credential is deactivated at Dfns`)
}

/** Activate Credential on a credential that is active: without effect, even if the signed action leaked. */
function activationOf(credentialUuid: string): UserAction {
  return { method: 'PUT', path: '/auth/credentials/activate', payload: JSON.stringify({ credentialUuid }) }
}

/** List Credentials, signed where no uuid is known: reading has no effect either. */
export const listing: UserAction = { method: 'GET', path: '/auth/credentials', payload: '' }
