import type { Credential, Deactivation, Superseded } from '../credentials/credential.ts'
import type { KeyDocument } from '../credentials/document.ts'
import { readJsonObject } from '../credentials/json.ts'
import { isCode, RotationError } from '../errors.ts'
import type { Log } from '../ports/log.ts'
import type { SecretStore, SecretVersion } from '../ports/secrets-manager.ts'
import { settled, type Time } from '../ports/time.ts'

export interface Retirement {
  readonly store: SecretStore
  readonly time: Time
  readonly log: Log
  readonly secretArn: string
  readonly credential: Credential<KeyDocument>
  readonly superseded: Superseded
  /** The generation in AWSCURRENT, which signs, and the version that holds it. */
  readonly current: KeyDocument
  readonly currentVersion: string
}

/**
 * Makes Dfns refuse the superseded credential, unless a label names it, and takes that back at once if
 * AWSCURRENT is refused afterwards or a label names it by then. That a token survives the credential it was
 * issued with is nowhere documented: only the second proof tells.
 */
export async function retire(retirement: Retirement): Promise<void> {
  const { superseded, current, credential, log } = retirement
  await assertUnnamed(retirement)
  const deactivation = await credential.deactivate({ current, superseded })
  try {
    await deactivation.perform()
    await credential.verify({ generation: current, as: current, fresh: false })
    if (await isNamed(retirement)) throw refusal(retirement)
  } catch (error) {
    // Where nothing was deactivated, AWSCURRENT was refused before, and there is nothing to take back.
    const isReason = isCode(error, 'ERR_VERIFY', 'ERR_TOKEN_EXPIRED', 'ERR_RETIRE_REFUSED')
    if (!isReason || !deactivation.isBegun()) throw error
    throw await undone({ deactivation, id: superseded.id, reason: error })
  }
  await deactivation.confirm()
  const { credentialUuids } = deactivation
  log.info('superseded credential is deactivated', {
    credId: superseded.id,
    credentialUuids: credentialUuids.join(' '),
  })
}

async function undone(retreat: {
  deactivation: Deactivation
  id: string
  reason: RotationError
}): Promise<RotationError> {
  const { deactivation, id, reason } = retreat
  const what = `credential ${id} (${deactivation.credentialUuids.join(', ')})`
  try {
    await deactivation.undo()
  } catch (error) {
    const failure = error instanceof RotationError ? error.message : 'an unexpected error'
    const state = `${what} is deactivated and could not be activated again (${failure})`
    return new RotationError('ERR_VERIFY', `${state}, and ${reason.message}. Activate it at Dfns now.`, {
      retryable: true,
    })
  }
  const state = `${what} was deactivated, and is active again because ${reason.message}`
  return new RotationError('ERR_RETIRE_UNDONE', `${state}. It stays active until somebody decides.`)
}

/** Refuses if AWSCURRENT is on another version than before, or a label names the superseded credential. */
async function assertUnnamed(retirement: Retirement): Promise<void> {
  const { store, time, currentVersion } = retirement
  const holder = settled(time, async () => {
    // Right after a move, a read may still show the label where it was.
    const version = await store.getSecretValue({ label: 'AWSCURRENT' })
    return version?.versionId === currentVersion ? version : undefined
  })
  const named = await isNamed(retirement, holder)
  if ((await holder) === undefined || named) throw refusal(retirement)
}

/** Reads both labels anew: whether AWSCURRENT or AWSPENDING names the superseded credential. */
async function isNamed(
  { store, superseded: { id } }: Retirement,
  holder = store.getSecretValue({ label: 'AWSCURRENT' }),
): Promise<boolean> {
  const labelled = await Promise.all([holder, store.getSecretValue({ label: 'AWSPENDING' })])
  return labelled.some((version) => version !== undefined && names({ version, id }))
}

function refusal({ secretArn, superseded }: Retirement): RotationError {
  const problem = `AWSCURRENT or AWSPENDING of ${secretArn} names it, or AWSCURRENT was moved`
  return new RotationError('ERR_RETIRE_REFUSED', `credential ${superseded.id} is not deactivated: ${problem}`)
}

/** In doubt, yes: a version that cannot be read may name anything. */
function names({ version, id }: { version: SecretVersion; id: string }): boolean {
  const { text } = version
  return text === undefined || text.includes(id) || readJsonObject(text)?.['credId'] === id
}
