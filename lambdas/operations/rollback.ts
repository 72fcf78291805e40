import { type Answer, answer } from '../credentials/answer.ts'
import type { Superseded, What } from '../credentials/credential.ts'
import { refusalIn } from '../credentials/survey.ts'
import { surveyOf } from '../credentials/surveys.ts'
import { isCode, RotationError } from '../errors.ts'
import type { Stored } from '../rotation/generations.ts'
import { leastGraceMs, moveMs } from '../rotation/grace.ts'
import { holderOf } from '../rotation/labels.ts'
import { onceOf } from '../rotation/means.ts'
import { eventOf, isAbout, standingReminders } from '../rotation/reminders.ts'
import { scheduleName } from '../rotation/retire-event.ts'
import { assertNoRotation, openOperation, type Operation, type OperationOpening } from './operation.ts'

/** The version that a rollback without another wish goes back to. */
export async function rollbackTarget(opening: OperationOpening): Promise<string> {
  const { secret } = await openOperation(opening)
  const previous = holderOf(secret, 'AWSPREVIOUS')
  if (previous !== undefined) return previous
  const problem = `no version of ${secret.arn} is AWSPREVIOUS, so the version to go back to has to be named`
  throw new RotationError('ERR_NOT_STAGED', `${problem}. Nothing was changed.`)
}

interface Rollback extends Operation {
  /** The generation to go back to, and what a retirement of it was about. */
  readonly old: Stored
  readonly what: What | undefined
}

/**
 * Makes an earlier version AWSCURRENT again (design section 5). Repeated with the same `to` it completes what
 * an earlier run left undone. The generation that it goes back from is retired at the end of its grace.
 */
export async function rollback(opening: OperationOpening & { to: string }): Promise<void> {
  const operation = await openOperation(opening)
  const { secret, inside, log, current } = operation
  assertNoRotation(secret)
  const old = await inside.version(opening.to)
  if (old === undefined)
    throw new RotationError('ERR_NOT_STAGED', `version ${opening.to} of ${secret.arn} has no value`)
  assertSameKind({ current, old })
  const seen = await lookFrom({ inside, generation: current })
  const rolling = { ...operation, old, what: seen.find(old.document)?.what }
  await accepted(rolling)
  if (current.version.versionId !== opening.to) await moveBack(rolling)
  await callOff(rolling)
  // Whoever retired it may have looked before the label moved.
  await accepted({ ...rolling, again: true })
  await assertStands(rolling)
  log.info('AWSCURRENT is back', { versionId: opening.to, credId: old.document.id })
}

/** An identity that was replaced is seen as a whole only from the one in its place. */
function lookFrom({ inside, generation }: { inside: Operation['inside']; generation: Stored }) {
  return surveyOf({ current: generation.document, means: inside.means, lists: onceOf() })
}

function assertSameKind({ current, old }: { current: Stored; old: Stored }): void {
  const fields = ['kind', 'orgId', 'baseUrl'] as const
  const other = fields.filter((field) => old.document.fields[field] !== current.document.fields[field])
  if (other.length === 0) return
  const problem = `${old.document.on} differs from ${current.document.on} in ${other.join(', ')}`
  throw new RotationError('ERR_DOCUMENT', `${problem}: it is no earlier generation. Nothing was changed.`)
}

/** Proves the old generation; where it is refused, what a retirement did is taken back first. */
async function accepted(of: Rollback & { again?: boolean }): Promise<void> {
  const { old, current, log, again = false } = of
  const { credential, document } = old
  const isWebhook = document.kind === 'WebhookSecret'
  const as = isWebhook ? current.document : document
  const prove = (fresh: boolean) => credential.verify({ generation: document, as, fresh, again })
  const refusal = refusalOf(await answer(isWebhook ? enable(of).then(() => prove(false)) : prove(false)))
  if (refusal === undefined) return
  log.info('what was retired is activated again', { credId: document.id })
  await activate({ ...of, refusal })
  await prove(true)
}

function refusalOf(proof: Answer<void>): RotationError | undefined {
  return 'error' in proof ? refusalIn(proof.error) : undefined
}

/** A webhook that somebody disabled delivers again before it is the only one. */
async function enable({ old, current, secretArn }: Rollback): Promise<void> {
  const lineage = { secretArn, token: old.version.versionId }
  await old.credential.register({ current: async () => current.document, pending: old.document, lineage })
}

async function activate(of: Rollback & { refusal: RotationError }): Promise<void> {
  const { old, current, what, refusal } = of
  const { document } = old
  const superseded: Superseded = { ...document, ...(what !== undefined && { what }) }
  const { credential, document: by } = current
  const deactivation = await credential.deactivate({ current: by, superseded })
  if (deactivation.isFinal === true || deactivation.ids.length === 0) throw cannotGoBack({ old, refusal })
  await deactivation.undo().catch((error: unknown) => {
    throw isCode(error, 'ERR_NOT_ALLOWED', 'ERR_CANNOT_RETIRE') ? cannotGoBack({ old, refusal }) : error
  })
}

function cannotGoBack({ old, refusal }: { old: Stored; refusal: RotationError }): RotationError {
  const wayOut = 'AWSCURRENT was left as it is. Rotate again, or put a value that works.'
  return new RotationError(
    refusal.code,
    `${old.document.on} cannot be gone back to: ${refusal.message}. ${wayOut}`,
  )
}

/**
 * A label that stays on AWSPENDING would make Secrets Manager try that rotation again, and promote the same
 * key. The schedule of what is gone back from is written before the move: afterwards nobody may come to it.
 */
async function moveBack(of: Rollback): Promise<void> {
  const { store, secrets, secret, secretArn, current, old, log } = of
  const from = current.version.versionId
  const to = old.version.versionId
  if (secret.stages.get(from)?.includes('AWSPENDING') === true)
    await secrets.removeLabel({ secretId: secretArn, label: 'AWSPENDING', from })
  const name = await scheduleSuperseded(of)
  if ((await store.moveCurrent({ from, to })) === 'moved') return log.info('AWSCURRENT moved', { from, to })
  if (holderOf(await store.describeSecret(), 'AWSCURRENT') === to) return
  if (name !== undefined) await of.group?.remove(name)
  throw new RotationError(
    'ERR_CURRENT_CHANGED',
    `AWSCURRENT of ${secretArn} moved meanwhile. Nothing was moved.`,
  )
}

/** The name of the schedule that will retire the generation that is gone back from. */
async function scheduleSuperseded(of: Rollback): Promise<string | undefined> {
  const { schedules, inside, current, old, secretArn, time, log } = of
  const { document, version } = current
  const what = (await lookFrom({ inside, generation: old })).find(document)?.what
  if (schedules === undefined || what === undefined || document.id === old.document.id) return undefined
  const { kind, id: credId } = document
  const graceMs = Math.max(leastGraceMs, inside.settingsFor(kind).graceOf({ isAdopted: false }))
  const at = new Date(time.now() + moveMs + graceMs)
  const versions = { superseded: version.versionId, promoted: old.version.versionId }
  const name = scheduleName({ secretArn, credId })
  await schedules.put({ name, at, input: eventOf({ secretArn, kind, ...versions, what }) })
  log.info('retirement is scheduled', { at: at.toISOString(), superseded: version.versionId })
  return name
}

/** What is current again is not to be retired. */
async function callOff(of: Rollback): Promise<void> {
  const { group, old, what, log } = of
  const { versionId } = old.version
  for (const reminder of await standingReminders(of)) {
    if (!isAbout({ reminder, versionId, what })) continue
    await group?.remove(reminder.name)
    log.info('a retirement is called off', { schedule: reminder.name })
  }
}

async function assertStands({ store, secretArn, old }: Rollback): Promise<void> {
  const holder = holderOf(await store.describeSecret(), 'AWSCURRENT')
  if (holder === old.version.versionId) return
  const problem = `AWSCURRENT of ${secretArn} was moved on to version ${holder} meanwhile`
  throw new RotationError('ERR_CURRENT_CHANGED', `${problem}: look who did, and roll back again.`)
}
