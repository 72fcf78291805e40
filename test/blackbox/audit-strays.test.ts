import { describe, expect, test } from 'vitest'
import { findings, typesIn } from '../support/audits.ts'
import { day, hour, minute } from '../support/graces.ts'
import { keep, type Kept, type Kind, worldOf } from '../support/kinds.ts'
import { watchedScene } from '../support/scene.ts'
import type { Scene } from '../../sandbox/scene.ts'

const made = {
  'replaced account': 'POST /auth/service-accounts',
  'replaced token': 'POST /auth/pats',
  webhook: 'POST /webhooks',
} as const
type Made = keyof typeof made
const kinds = Object.keys(made) as Made[]

const grace = { default: 'PT30H', adopted: 'PT30H', byKind: { WebhookSecret: 'PT30H' } }
const policy = (dfnsUrl: string) => JSON.stringify({ allowedBaseUrls: [dfnsUrl], grace })

interface Staged extends Kept {
  readonly scene: Scene
  readonly kind: Kind
}

async function open(kind: Made, retryDelaysMs: readonly number[] = []): Promise<Staged> {
  const engineSwitches = { reattemptsStuckPending: false, retryDelaysMs }
  const scene = await watchedScene({ policy, dfnsSwitches: worldOf(kind), engineSwitches })
  const kept = await keep({ scene, kind })
  await scene.clock.advance(minute)
  return { ...kept, scene, kind }
}

/** The accounts, tokens or webhooks that are there and active. */
function alive({ scene, kind, userId, orgId }: Staged): readonly string[] {
  const { dfns } = scene
  if (kind === 'webhook') return dfns.webhooks({ orgId }).map(({ webhookId }) => webhookId)
  if (kind === 'replaced account') {
    const accounts = dfns.identities({ orgId }).filter((one) => one.kind === 'ServiceAccount')
    return accounts.flatMap((one) => (one.isActive ? [one.userId] : []))
  }
  const tokens = dfns.tokens({ userId }).filter((one) => one.kind === 'Pat')
  return tokens.flatMap((one) => (one.isActive ? [one.tokenId] : []))
}

/** What audit says of these. In this world the key of a token stays on its user when the token is gone. */
async function ofObjects({ scene, arn }: Staged) {
  const found = await findings({ scene }, { arn })
  return found.filter(
    ({ type, object }) => type !== 'foreign-credential' && !String(object).startsWith('credential'),
  )
}

/** A webhook that is deleted takes its deliveries with it, so it waits for a day. */
const outcomeOf = {
  'replaced account': 'retired',
  'replaced token': 'retired',
  webhook: 'postponed',
} as const

describe.each(kinds)('a %s of a createSecret whose reply was lost', (kind) => {
  test('of a rotation that was given up, is retired after two hours, and not before', async () => {
    const staged = await open(kind)
    const { scene, arn } = staged
    const before = alive(staged)
    scene.sandbox.wire.plan = ({ operation }) => (operation === made[kind] ? 'killed-after' : undefined)
    await scene.rotate(arn)
    scene.sandbox.wire.plan = undefined
    await scene.secretsManager('CancelRotateSecret', { SecretId: arn })
    await scene.clock.advance(2 * hour - minute)
    expect(typesIn(await ofObjects(staged))).toEqual(['rotation-cancelled'])
    expect(alive(staged)).toHaveLength(before.length + 1)
    await scene.clock.advance(2 * minute)
    const found = await ofObjects(staged)
    expect(found.filter(({ type }) => type === 'untracked')).toMatchObject([{ outcome: outcomeOf[kind] }])
    if (kind === 'webhook') await scene.clock.advance(2 * day)
    expect(alive(staged)).toEqual(before)
    expect(typesIn(await ofObjects(staged))).toEqual(['rotation-cancelled', 'stuck-pending'])
  })

  test('beside the one that was stored and promoted, is retired after two hours', async () => {
    const staged = await open(kind, [minute])
    const { scene, arn } = staged
    let lost = false
    scene.sandbox.wire.plan = ({ operation }) => {
      if (operation === made[kind] && !lost) {
        lost = true
        return 'lost-after'
      }
      // Its own rotation may not remove it.
      const isRemoval = operation.startsWith('DELETE /webhooks') || operation.endsWith('/deactivate')
      return isRemoval ? 'refused' : undefined
    }
    await scene.rotate(arn)
    await scene.clock.advance(minute)
    scene.sandbox.wire.plan = undefined
    const current = await idOfCurrent(staged)
    expect(alive(staged)).toHaveLength(3)
    await scene.clock.advance(2 * hour + minute)
    const found = await ofObjects(staged)
    expect(found.filter(({ type }) => type === 'untracked')).toMatchObject([{ outcome: outcomeOf[kind] }])
    await scene.clock.advance(3 * day)
    expect(alive(staged)).toEqual([current])
    expect(typesIn(await ofObjects(staged))).toEqual([])
  })
})

/** What AWSCURRENT is of. */
async function idOfCurrent({ scene, arn, kind }: Staged): Promise<string | undefined> {
  const current: Readonly<Record<string, string>> = await scene.documentOf(arn, 'AWSCURRENT')
  if (kind === 'webhook') return current['webhookId']
  const { credentials, tokens } = scene.dfns.state
  const key = [...credentials.values()].find(({ credentialId }) => credentialId === current['credId'])
  const token = [...tokens.values()].find(({ credentialUuid }) => credentialUuid === key?.credentialUuid)
  return kind === 'replaced account' ? token?.userId : token?.tokenId
}
