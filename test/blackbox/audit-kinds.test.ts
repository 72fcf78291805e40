import { describe, expect, test } from 'vitest'
import type { Scene } from '../../sandbox/scene.ts'
import { findings, type Finding, typesIn } from '../support/audits.ts'
import { day, hour, minute } from '../support/graces.ts'
import { keep, type Kept, type Kind, kinds, worldOf } from '../support/kinds.ts'
import { watchedScene } from '../support/scene.ts'

const quietEngine = { reattemptsStuckPending: false, retryDelaysMs: [] }
const grace = { default: 'PT30H', adopted: 'PT30H', byKind: { WebhookSecret: 'PT30H' } }
const policy = (dfnsUrl: string) => JSON.stringify({ allowedBaseUrls: [dfnsUrl], grace })

interface Staged extends Kept {
  readonly scene: Scene
  readonly kind: Kind
}

async function open(kind: Kind): Promise<Staged> {
  const scene = await watchedScene({ policy, dfnsSwitches: worldOf(kind), engineSwitches: quietEngine })
  const kept = await keep({ scene, kind })
  await scene.clock.advance(minute)
  return { ...kept, scene, kind }
}

/** Everything of the secret that Dfns would accept, of whatever kind. */
function alive({ scene, kind, userId, orgId }: Staged): readonly string[] {
  const { dfns } = scene
  if (kind === 'webhook') return dfns.webhooks({ orgId }).map(({ webhookId }) => webhookId)
  if (kind === 'replaced account')
    return dfns
      .identities({ orgId })
      .flatMap((one) => (one.kind === 'ServiceAccount' && one.isActive ? [one.userId] : []))
  if (kind === 'replaced token')
    return dfns.tokens({ userId }).flatMap((one) => (one.kind === 'Pat' && one.isActive ? [one.tokenId] : []))
  return dfns.credentials({ userId }).flatMap((one) => (one.isActive ? [one.credentialId] : []))
}

function loseSchedules({ scene }: Staged): void {
  for (const { group, name } of scene.sandbox.scheduler.list())
    scene.sandbox.scheduler.delete({ group, name })
}

/** What is wrong with the secret itself. The key that the user of a token logs in with is nobody's secret. */
async function ofSecret(staged: Staged): Promise<readonly Finding[]> {
  const found = await findings(staged, { arn: staged.arn })
  const [own, ...others] = found.toSorted((one) => (one.type === 'foreign-credential' ? -1 : 1))
  if (staged.kind !== 'token') return found
  expect(own).toMatchObject({ type: 'foreign-credential', name: 'prod/dfns, its user' })
  return others
}

/** In this world the key of a token that was replaced outlives it on its user, and gets a grace of its own. */
async function expectNothingLeft(staged: Staged): Promise<void> {
  const found = await ofSecret(staged)
  expect(typesIn(found)).toEqual(staged.kind === 'replaced token' ? ['untracked'] : [])
  await staged.scene.clock.advance(2 * day)
  expect(await ofSecret(staged)).toEqual([])
}

describe.each(kinds)('%s', (kind) => {
  test('a secret with which nothing is wrong has no finding, before and after a rotation', async () => {
    const staged = await open(kind)
    expect(await ofSecret(staged)).toEqual([])
    await staged.scene.rotate(staged.arn)
    await staged.scene.clock.advance(3 * hour)
    // What a person made is named until it is gone.
    expect(typesIn(await ofSecret(staged))).toEqual(['adopted'])
    await staged.scene.clock.advance(2 * day)
    await expectNothingLeft(staged)
  })

  test('what was superseded and lost its schedule is retired past its grace, and once', async () => {
    const staged = await open(kind)
    const before = alive(staged)
    await staged.scene.rotate(staged.arn)
    loseSchedules(staged)
    expect(alive(staged)).toHaveLength(before.length + 1)
    await staged.scene.clock.advance(2 * day)
    const found = await ofSecret(staged)
    expect(found).toMatchObject([{ type: 'previous-past-grace', outcome: 'retired' }])
    expect(alive(staged)).toHaveLength(before.length)
    await expectNothingLeft(staged)
  })

  test('a current one that Dfns refuses is told, and nothing is retired', async () => {
    const staged = await open(kind)
    await staged.scene.rotate(staged.arn)
    loseSchedules(staged)
    await staged.scene.clock.advance(2 * day)
    const undo = refuseCurrent(staged, await staged.scene.documentOf(staged.arn, 'AWSCURRENT'))
    const before = alive(staged)
    const found = await ofSecret(staged)
    expect(typesIn(found)).toEqual(['current-not-accepted'])
    expect(alive(staged)).toEqual(before)
    undo()
    expect(typesIn(await ofSecret(staged))).toEqual(['previous-past-grace'])
  })
})

/** Somebody deactivates, or hides, what AWSCURRENT names; returns how to take that back. */
function refuseCurrent(staged: Staged, current: Readonly<Record<string, string>>): () => void {
  const { dfns } = staged.scene
  const webhook = dfns.state.webhooks.get(current['webhookId'] ?? '')
  if (webhook !== undefined) {
    webhook.isDeleted = true
    return () => {
      webhook.isDeleted = false
    }
  }
  const { credentialUuid = '' } =
    [...dfns.state.credentials.values()].find((one) => one.credentialId === current['credId']) ?? {}
  dfns.setCredentialActive({ credentialUuid, isActive: false })
  return () => dfns.setCredentialActive({ credentialUuid, isActive: true })
}
