import type { Deactivation } from '../credentials/credential.ts'
import { readJsonObject } from '../credentials/json.ts'
import { isCode, RotationError } from '../errors.ts'
import type { SecretVersion } from '../ports/secrets-manager.ts'
import { settled } from '../ports/time.ts'
import type { Stored } from './generations.ts'
import type { Rotation } from './rotation.ts'

interface Retirement {
  readonly rotation: Rotation
  readonly superseded: Stored
  /** The generation of this rotation, by now AWSCURRENT. */
  readonly promoted: Stored
}

/**
 * Makes Dfns refuse the superseded credential, unless a label names it, and takes that back at once if
 * AWSCURRENT is refused afterwards or a label names it by then. That a token survives the credential it was
 * issued with is nowhere documented: only the second proof tells.
 */
export async function retire(retirement: Retirement): Promise<void> {
  const { document: old, credential } = retirement.superseded
  const { document: current } = retirement.promoted
  await assertUnnamed(retirement)
  const deactivation = await credential.deactivate({ current, superseded: old })
  try {
    await credential.verify({ generation: current, as: current, fresh: false })
    await assertUnnamed(retirement)
  } catch (error) {
    if (!isCode(error, 'ERR_VERIFY', 'ERR_TOKEN_EXPIRED', 'ERR_RETIRE_REFUSED')) throw error
    throw await undone({ deactivation, old: old.on, reason: error })
  }
  const { credentialUuids } = deactivation
  const done = { credId: old.id, credentialUuids: credentialUuids.join(' ') }
  retirement.rotation.log.info('superseded credential is deactivated', done)
}

async function undone(retreat: {
  deactivation: Deactivation
  old: string
  reason: RotationError
}): Promise<RotationError> {
  const { deactivation, old, reason } = retreat
  try {
    await deactivation.undo()
  } catch (error) {
    const failure = error instanceof RotationError ? error.message : 'an unexpected error'
    const what = `the credential of ${old} is deactivated and could not be activated again (${failure})`
    return new RotationError('ERR_VERIFY', `${reason.message}; ${what}. Activate it at Dfns now.`, {
      retryable: true,
    })
  }
  const what = `the credential of ${old} was deactivated, and is active again because`
  return new RotationError(
    'ERR_RETIRE_UNDONE',
    `${what} ${reason.message}. It stays active until somebody decides.`,
  )
}

/**
 * Reads both labels anew. Refuses if AWSCURRENT is not on the promoted version, or either names the
 * superseded credential.
 */
async function assertUnnamed({ rotation, superseded }: Retirement): Promise<void> {
  const { store, time, secret, lineage } = rotation
  const seen = settled(time, async () => {
    // Right after the move, a read may still show the label where it was.
    const version = await store.getSecretValue({ label: 'AWSCURRENT' })
    return version?.versionId === lineage.token ? version : undefined
  })
  const [holder, pending] = await Promise.all([seen, store.getSecretValue({ label: 'AWSPENDING' })])
  const id = superseded.document.id
  const named = holder === undefined || [holder, pending].some((version) => version && names({ version, id }))
  if (!named) return
  const problem = `AWSCURRENT or AWSPENDING of ${secret.arn} names it, or AWSCURRENT was moved`
  throw new RotationError('ERR_RETIRE_REFUSED', `credential ${id} is not deactivated: ${problem}`)
}

/** In doubt, yes: a version that cannot be read may name anything. */
function names({ version, id }: { version: SecretVersion; id: string }): boolean {
  const { text } = version
  return text === undefined || text.includes(id) || readJsonObject(text)?.['credId'] === id
}
