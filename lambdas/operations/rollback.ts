import type { Survey } from '../credentials/survey.ts'
import { surveyOf } from '../credentials/surveys.ts'
import { RotationError } from '../errors.ts'
import type { Stored } from '../rotation/generations.ts'
import { graceOfStored } from '../rotation/grace.ts'
import { holderOf } from '../rotation/labels.ts'
import { onceOf } from '../rotation/means.ts'
import { isAbout, standingReminders } from '../rotation/reminders.ts'
import { scheduleName } from '../rotation/retire-event.ts'
import { assertNoRotation, openOperation, type Operation, type OperationOpening } from './operation.ts'
import { accepted, type GoingBack } from './reactivation.ts'
import { scheduleRetirement } from './schedule.ts'

/**
 * Makes an earlier version AWSCURRENT again. Repeated with the same `to` it completes what
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
  const going: GoingBack = { ...operation, old, what: seen.find(old.document)?.what }
  await accepted({ ...going, isAgain: false })
  if (current.version.versionId !== opening.to) await moveBack(going)
  await callOff(going)
  // Whoever retired it may have looked before the label moved.
  await accepted({ ...going, isAgain: true }).catch((error: unknown) => takeBack({ ...going, seen, error }))
  await assertStands(going)
  log.info('AWSCURRENT is back', { versionId: opening.to, credId: old.document.id })
}

/** An identity that was replaced is seen as a whole only from the one in its place. */
async function lookFrom(of: { inside: Operation['inside']; generation: Stored }): Promise<Survey> {
  const { inside, generation } = of
  const seen = await surveyOf({ current: generation.document, means: inside.means, lists: onceOf() })
  // What a list would have shown is neither activated nor scheduled without it; another run may see it.
  for (const problem of seen.problems) if (problem.retryable) throw problem
  return seen
}

function assertSameKind({ current, old }: { current: Stored; old: Stored }): void {
  const fields = ['kind', 'orgId', 'baseUrl'] as const
  const other = fields.filter((field) => old.document.fields[field] !== current.document.fields[field])
  if (other.length === 0) return
  const problem = `${old.document.on} differs from ${current.document.on} in ${other.join(', ')}`
  throw new RotationError('ERR_DOCUMENT', `${problem}: it is no earlier generation. Nothing was changed.`)
}

/**
 * A label that stays on AWSPENDING would make Secrets Manager try that rotation again, and promote the same
 * key. The schedule of what is gone back from is written before the move: afterwards nobody may come to do
 * it.
 */
async function moveBack(of: GoingBack): Promise<void> {
  const { store, secrets, secret, secretArn, current, old, log } = of
  const from = current.version.versionId
  const to = old.version.versionId
  if (secret.stages.get(from)?.includes('AWSPENDING') === true)
    await secrets.removeLabel({ secretId: secretArn, label: 'AWSPENDING', from })
  await scheduleSuperseded(of)
  if ((await store.moveCurrent({ from, to })) === 'moved') return log.info('AWSCURRENT moved', { from, to })
  if (holderOf(await store.describeSecret(), 'AWSCURRENT') === to) return
  // Its schedule stays: whoever has moved AWSCURRENT has superseded it, too.
  throw new RotationError(
    'ERR_CURRENT_CHANGED',
    `AWSCURRENT of ${secretArn} moved meanwhile. Nothing was moved.`,
  )
}

async function scheduleSuperseded(of: GoingBack): Promise<void> {
  const { inside, current, old } = of
  const { document } = current
  if (document.id === old.document.id) return
  const seen = await lookFrom({ inside, generation: old })
  const what = seen.find(document)?.what
  if (what === undefined && isReplaced(of)) throw unnamed({ of, problem: seen.problems[0] })
  const graceMs = await graceFor({ of, superseded: current })
  const promoted = old.version.versionId
  // Where no list shows a key, retire goes by its version.
  await scheduleRetirement({ ...of, superseded: current, promoted, what: what ?? noUuids, graceMs })
}

function graceFor({ of, superseded }: { of: GoingBack; superseded: Stored }): Promise<number> {
  const { inside, secret } = of
  return graceOfStored({ rotation: { ...inside, secret }, superseded })
}

/** What is gone back to has a grace of its own again, where AWSCURRENT has moved on from it. */
async function scheduleAgain(of: GoingBack & { promoted: string }): Promise<void> {
  const { old, what } = of
  // A schedule that names the wrong thing would keep audit from what is to be retired.
  if (what === undefined && isReplaced(of)) return
  const graceMs = await graceFor({ of, superseded: old })
  await scheduleRetirement({ ...of, superseded: old, what: what ?? noUuids, graceMs })
}

const noUuids = { credentialUuids: [] }

/** Where the token is another, a whole identity was replaced, and has to be named to be retired. */
const isReplaced = ({ current, old }: GoingBack): boolean =>
  current.document.fields['authToken'] !== old.document.fields['authToken']

function unnamed({ of, problem }: { of: GoingBack; problem: RotationError | undefined }): RotationError {
  const { on } = of.current.document
  const because = problem === undefined ? 'no list shows it' : problem.message
  const what = `${on} is of another identity, which could not be retired later: ${because}`
  return new RotationError(problem?.code ?? 'ERR_CANNOT_RETIRE', `${what}. AWSCURRENT was not moved.`)
}

/** What is current again is not to be retired. */
async function callOff(of: GoingBack): Promise<void> {
  const { group, old, what, log } = of
  const { versionId } = old.version
  for (const reminder of await standingReminders(of)) {
    if (!isAbout({ reminder, versionId, what })) continue
    await group?.remove(reminder.name)
    log.info('a retirement is called off', { schedule: reminder.name })
  }
}

/** A retirement that looked before the move may end what nothing brings back: AWSCURRENT has to work. */
async function takeBack(of: GoingBack & { seen: Survey; error: unknown }): Promise<never> {
  const { store, group, secretArn, current, old, seen, error, log } = of
  const from = old.version.versionId
  const to = current.version.versionId
  const isForGood = error instanceof RotationError && !error.retryable
  if (!isForGood || from === to || seen.refusal !== undefined) throw error
  await scheduleAgain({ ...of, promoted: to })
  if ((await store.moveCurrent({ from, to })) === 'refused') throw error
  log.warn('AWSCURRENT is where it was: what it went back to was retired meanwhile', { from, to })
  await group?.remove(scheduleName({ secretArn, credId: current.document.id }))
  throw error
}

async function assertStands(of: GoingBack): Promise<void> {
  const { store, secretArn, old } = of
  const holder = holderOf(await store.describeSecret(), 'AWSCURRENT')
  if (holder === undefined || holder === old.version.versionId) return
  // Its schedule may have been called off by this very run.
  await scheduleAgain({ ...of, promoted: holder })
  const problem = `AWSCURRENT of ${secretArn} was moved on to version ${holder} meanwhile`
  throw new RotationError('ERR_CURRENT_CHANGED', `${problem}: look who did, and roll back again.`)
}
