// First: whatever draws at random has to draw from the seed.
import { seedCrypto } from '../../simulation/seeded-crypto.ts'
import { newKey } from '../../../sandbox/scene.ts'
import type { Invariant } from '../../simulation/watched.ts'
import { dayMs, documentOf, holder, hourMs, type Setting, versionsOf } from '../../simulation/setting.ts'
import { watchHosts } from './hosts.ts'
import { foreignHost } from './mangling.ts'
import { type Problem, type Recorder, recorderOf } from './recorder.ts'

/** What a property found in one world. */
export interface Tried {
  readonly problems: readonly Problem[]
  /** How many inputs were hostile. */
  readonly inputs: number
  /** How each invocation ended, for whoever reads of a failure. */
  readonly log: readonly string[]
}

/** Texts that a mutation puts in the place of others. */
export interface Pool {
  readonly ids: readonly string[]
  readonly tokens: readonly string[]
}

export interface Scene extends Setting {
  readonly recorder: Recorder
  readonly pool: Pool
}

interface Trial {
  open: () => Promise<Setting>
  /** Resolves to how many inputs it tried. */
  hostile: (scene: Scene) => Promise<number>
  /** What counts for nothing, because the input itself says so. */
  excused?: readonly Invariant[]
  /** Texts that stand nowhere in what is printed. */
  hidden?: (scene: Scene) => readonly string[]
  /** Which command is repeated once all is well again. */
  repeated?: 'retireAtOnce' | 'decommission' | undefined
  /** What may be left, because a person or a setting has said so. */
  mayBeLeft?: RegExp
}

/** Opens a world that is watched, runs what is hostile in it, and says what it came to. */
export async function tryIn(trial: Trial): Promise<Tried> {
  watchHosts()
  seedCrypto(1)
  const setting = await trial.open()
  const { world } = setting
  try {
    const pool = othersIn(setting)
    const recorder = recorderOf(world, pool.ids)
    const scene = { ...setting, recorder, pool }
    const inputs = await trial.hostile(scene)
    const left = await converge(setting, trial)
    const state = [...broken(setting, trial.excused ?? []), ...left].map(
      (text): Problem => ({ sort: 'state', text }),
    )
    return { problems: [...recorder.problems(trial.hidden?.(scene)), ...state], inputs, log: recorder.log() }
  } finally {
    world.close()
  }
}

/** Ids of others: of the same organisation, of another, and of another secret; and what is nobody's. */
function othersIn({ world, arn }: Setting): Pool {
  const { dfns, orgId } = world
  const other = dfns.createOrganisation().orgId
  const strangers = [orgId, other].map((one) =>
    dfns.createServiceAccount({ orgId: one, name: 'stranger', publicKey: newKey().publicKey }),
  )
  const ids = strangers.flatMap(({ userId, credId, credentialUuid }) => [userId, credId, credentialUuid])
  const names = [other, arn.replace('prod/dfns', 'prod/other'), `https://${foreignHost}`]
  const versions = world.vault.find(arn).versions.keys()
  return {
    ids: [...ids, ...names, 'AWSCURRENT', 'AWSPENDING', ...versions],
    tokens: strangers.map(({ authToken }) => authToken),
  }
}

/**
 * Never held against an input. The first is told as a leak. A list that lies tells whoever asks that all is done: he says
 * so, and the next audit finds what is left, which is what counts.
 */
const elsewhere: readonly Invariant[] = [
  'no secret in a log line or an error',
  'status never lies',
  'every active credential of ours is named',
]

function broken(setting: Setting, excused: readonly Invariant[]): readonly string[] {
  const named = namedIn(setting)
  // Those of a webhook are Dfns's own, whatever the document said.
  const isDfnss = /^(events|url|events, url|url, events) of /
  return setting.world.findings
    .filter(({ invariant }) => ![...elsewhere, ...excused].includes(invariant))
    .filter(({ problem }) => !isDfnss.test(problem))
    .filter(({ problem }) => !named.some((id) => problem.startsWith(`credential deactivated: ${id},`)))
    .map(({ invariant, problem, during }) => `${invariant}: ${problem} (${during})`)
}

/** Ids that a version names, which makes them ours: also the key of a token that was deactivated as a whole. */
const namedIn = (setting: Setting): readonly string[] =>
  versionsOf(setting).flatMap(({ id }) => {
    try {
      return documentOf(setting, id)['credId'] ?? []
    } catch {
      return []
    }
  })

/** What is left once nothing is hostile any more, and somebody has done what the errors say. */
async function converge(setting: Setting, trial: Trial): Promise<readonly string[]> {
  const { repeated } = trial
  const { world, arn } = setting
  await world.advance(2 * hourMs)
  await giveUp(setting)
  if (repeated !== undefined) await world.operate({ operation: repeated, secretArn: arn })
  await tryUndoneAgain(setting)
  redrive(setting)
  for (const days of [0, 3, 2, 2]) {
    await world.advance(days * dayMs)
    await world.audit()
  }
  if (repeated === 'decommission') await world.operate({ operation: repeated, secretArn: arn })
  const current = holder(setting, 'AWSCURRENT')
  // A reminder stays until the next rotation, and the engine's own label where it never heard of its success.
  const harmless = /^dead letter|^dfns-decommissioned on |^dfns-approval-asked on /
  return world.checkers
    .unconverged(arn)
    .filter((problem) => !harmless.test(problem) && problem !== `AWSPENDING on ${current} is left`)
    .filter((problem) => trial.mayBeLeft?.test(problem) !== true)
}

/** Gives a rotation up that is stuck, as its error says. */
export async function giveUp(setting: Setting): Promise<void> {
  const { world, arn: secretArn } = setting
  const stuck = holder(setting, 'AWSPENDING')
  if (stuck === undefined || stuck === holder(setting, 'AWSCURRENT')) return
  await world.operate({ operation: 'abandon', secretArn, versionId: stuck })
}

/** A retirement that was taken back is tried again once its label is gone, as its error says. */
async function tryUndoneAgain(setting: Setting): Promise<void> {
  for (const { id, labels } of versionsOf(setting))
    for (const label of labels) {
      if (!label.startsWith('dfns-retire-undone-')) continue
      const removal = { SecretId: setting.arn, VersionStage: label, RemoveFromVersionId: id }
      await setting.world.secretsManager('UpdateSecretVersionStage', removal)
    }
}

/** Whom the alarm has called delivers anew what was given up. */
function redrive({ world }: Setting): void {
  const { queues, deadLetterArn, asyncInvocations, retireArn } = world
  for (const { body } of queues.messages(deadLetterArn)) {
    const { requestPayload: event } = JSON.parse(body) as { requestPayload?: unknown }
    if (event !== undefined) asyncInvocations.invoke({ arn: retireArn, event })
  }
}
