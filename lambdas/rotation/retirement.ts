import { readAuthToken } from '../credentials/auth-token.ts'
import type { Credential, Deactivation, Superseded } from '../credentials/credential.ts'
import { type Generation, idIn } from '../credentials/document.ts'
import { type Json, readJsonObject } from '../credentials/json.ts'
import { standsIn } from '../credentials/words.ts'
import { isCode, RotationError } from '../errors.ts'
import type { Log } from '../ports/log.ts'
import type { SecretStore, SecretVersion } from '../ports/secrets-manager.ts'
import { early, settled, settleMs, type Time } from '../ports/time.ts'
import { markUndone } from './undone.ts'

export interface Retirement {
  readonly store: SecretStore
  readonly time: Time
  readonly log: Log
  readonly secretArn: string
  readonly credential: Credential<Generation>
  readonly superseded: Superseded
  readonly supersededVersion: string
  /** The generation in AWSCURRENT, which signs, and the version that holds it. */
  readonly current: Generation
  readonly currentVersion: string
  /**
   * Whether the superseded version holds AWSPREVIOUS, which is taken from it at the end. Absent while a
   * rotation is under way: then its labels are left alone.
   */
  readonly isPrevious?: boolean
}

/** What a signature's refusal means: of the key, or of the token. */
const refusals = ['ERR_VERIFY', 'ERR_TOKEN_EXPIRED'] as const

/**
 * Makes Dfns refuse the superseded credential, unless a label names it, and takes that back at once if
 * AWSCURRENT is refused afterwards or a label names it by then. That a token survives the credential it was
 * issued with is nowhere documented: only the proof after it tells. The proof before it is the signature of
 * the deactivation, or where another identity signs that, one of its own.
 */
export async function retire(retirement: Retirement): Promise<void> {
  const { superseded, current, credential, log } = retirement
  const planning = early(credential.deactivate({ current, superseded }))
  await assertUnnamed(retirement)
  const deactivation = await planning
  const isRepeated = deactivation.isBegun()
  // From then on the refusal of a list says nothing of AWSCURRENT.
  let isProven = false
  try {
    await deactivation.perform()
    const looking = early(isNamed(retirement))
    const confirming = early(deactivation.confirm())
    await proven(deactivation)
    isProven = true
    if (await looking) throw refusal(retirement)
    await confirming
    await release(retirement)
  } catch (error) {
    // Where nothing was deactivated, AWSCURRENT was refused before, and there is nothing to take back.
    const isRefused =
      isCode(error, ...refusals) && !isProven && !(isRepeated && hasExpired(retirement, error))
    const isReason = isRefused || isCode(error, 'ERR_RETIRE_REFUSED')
    if (!isReason || !deactivation.isBegun()) throw error
    if (deactivation.isFinal === true) throw await final({ retirement, reason: error })
    throw await undone({ retirement, deactivation, reason: error })
  }
  log.info('superseded credential is deactivated', {
    secretId: retirement.secretArn,
    credId: superseded.id,
    ids: deactivation.ids.join(' '),
  })
}

/** That a token has come to its end since an earlier attempt is not that attempt's doing. */
const hasExpired = ({ current: { tokenExpires }, time }: Retirement, { code }: RotationError): boolean =>
  code === 'ERR_TOKEN_EXPIRED' && tokenExpires !== undefined && tokenExpires.getTime() <= time.now()

/** One refusal may be a hiccup, and would be remembered: it is believed when it is repeated at once. */
async function proven({ prove }: Deactivation): Promise<void> {
  await prove().catch((error: unknown) => {
    if (!isCode(error, ...refusals)) throw error
    return prove()
  })
}

/**
 * The guide's last step: only the new secret is accepted, so no label offers the old one. It is a last look,
 * too. A read may show labels as they were a moment ago; a label is removed from its holder only, and where
 * AWSCURRENT was moved back AWSPREVIOUS has another.
 */
async function release(retirement: Retirement): Promise<void> {
  const { store, time, log, isPrevious, supersededVersion: from } = retirement
  if (isPrevious === undefined) return
  if (isPrevious) {
    if ((await store.removePrevious({ from })) === 'removed') return
    log.warn('AWSPREVIOUS could not be removed from the retired version', { superseded: from })
  }
  await time.sleep(settleMs)
  if (await isNamed(retirement)) throw refusal(retirement)
}

/**
 * What is deleted stays deleted. If AWSCURRENT was moved to it meanwhile, nothing works any more but what has
 * signed: so the label goes back there.
 */
async function final(of: { retirement: Retirement; reason: RotationError }): Promise<RotationError> {
  const { retirement, reason } = of
  const { superseded, currentVersion, log } = retirement
  const gone = `${superseded.id} is deleted, which nothing takes back, and`
  if (reason.code !== 'ERR_RETIRE_REFUSED')
    return new RotationError('ERR_VERIFY', `${gone} ${reason.message}`)
  const isBack = await movedBack(retirement).catch(() => false)
  if (isBack) log.warn('AWSCURRENT is on the version again that works', { versionId: currentVersion })
  const problem = isBack
    ? `AWSCURRENT named it by then: it is on version ${currentVersion} again`
    : 'AWSCURRENT or AWSPENDING named it by then: name one that is there'
  return new RotationError('ERR_VERIFY', `${gone} ${problem}`)
}

async function movedBack({ store, superseded, currentVersion: to }: Retirement): Promise<boolean> {
  const holder = await store.getSecretValue({ label: 'AWSCURRENT' })
  if (holder === undefined || !names({ version: holder, superseded })) return false
  return (await store.moveCurrent({ from: holder.versionId, to })) === 'moved'
}

async function undone(retreat: {
  retirement: Retirement
  deactivation: Deactivation
  reason: RotationError
}): Promise<RotationError> {
  const { retirement, deactivation, reason } = retreat
  const { id } = retirement.superseded
  const what = `credential ${id} (${deactivation.ids.join(', ')})`
  try {
    await deactivation.undo()
  } catch (error) {
    const failure = error instanceof RotationError ? error.message : 'an unexpected error'
    const state = `${what} is deactivated and could not be activated again (${failure})`
    return new RotationError('ERR_VERIFY', `${state}, and ${reason.message}. Activate it at Dfns now.`, {
      retryable: true,
    })
  }
  // A label that names it is a moment's matter, a token that needs it is not.
  if (reason.code !== 'ERR_RETIRE_REFUSED') {
    await markUndone({ ...retirement, credId: id, versionId: retirement.supersededVersion })
  }
  const state = `${what} was deactivated, and is active again because ${reason.message}`
  return new RotationError('ERR_RETIRE_UNDONE', `${state}. It stays active until somebody decides.`)
}

/**
 * Refuses if a label names the superseded credential; for this attempt also if AWSCURRENT is on another
 * version than the one that is to sign.
 */
async function assertUnnamed(retirement: Retirement): Promise<void> {
  const { store, time, secretArn, superseded, currentVersion } = retirement
  const holder = settled(time, async () => {
    // Right after a move, a read may still show the label where it was.
    const version = await store.getSecretValue({ label: 'AWSCURRENT' })
    return version?.versionId === currentVersion ? version : undefined
  })
  if (await isNamed(retirement, holder)) throw refusal(retirement)
  if ((await holder) !== undefined) return
  const problem = `AWSCURRENT of ${secretArn} moved meanwhile`
  throw new RotationError(
    'ERR_RETIRE_REFUSED',
    `credential ${superseded.id} is not deactivated: ${problem}`,
    {
      retryable: true,
    },
  )
}

/** Reads both labels anew: whether AWSCURRENT or AWSPENDING names the superseded credential. */
async function isNamed(
  { store, superseded }: Retirement,
  holder = store.getSecretValue({ label: 'AWSCURRENT' }),
): Promise<boolean> {
  const labelled = await Promise.all([holder, store.getSecretValue({ label: 'AWSPENDING' })])
  return labelled.some((version) => version !== undefined && names({ version, superseded }))
}

function refusal({ secretArn, superseded }: Retirement): RotationError {
  const problem = `AWSCURRENT or AWSPENDING of ${secretArn} names it`
  return new RotationError('ERR_RETIRE_REFUSED', `credential ${superseded.id} is not deactivated: ${problem}`)
}

/** In doubt, yes: a version that cannot be read may name anything. */
function names({ version, superseded }: { version: SecretVersion; superseded: Superseded }): boolean {
  const { id } = superseded
  const { text } = version
  if (text === undefined || standsIn(text, id)) return true
  const fields = readJsonObject(text)
  return idIn(fields) === id || isOfReplaced(fields?.['authToken'], superseded)
}

/** A service account or token may have got another key meanwhile: what is retired is all of it. */
function isOfReplaced(authToken: Json | undefined, { what, fields }: Superseded): boolean {
  if (what === undefined || typeof authToken !== 'string') return false
  if ('serviceAccountId' in what) return readAuthToken(authToken)?.userId === what.serviceAccountId
  if (!('tokenId' in what)) return false
  return authToken === fields?.['authToken'] || readAuthToken(authToken)?.tokenId === what.tokenId
}
