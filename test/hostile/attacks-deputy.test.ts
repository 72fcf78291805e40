import { randomUUID } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { credIdOf } from '../../lambdas/crypto/lineage.ts'
import { newKey } from '../../sandbox/scene.ts'
import { findings, typesIn } from '../support/audits.ts'
import { hour } from '../support/graces.ts'
import { arena, codeOf, invoke, put, rotationOf, stagePending } from './arena.ts'

const at = arena()

/** Two organisations with a secret under rotation each. */
async function two() {
  const { scene } = at()
  const keepOne = async () => {
    const { orgId } = scene.dfns.createOrganisation()
    const account = scene.openAccount({ orgId, name: 'payments' })
    const arn = await scene.keepSecret({ name: `prod/${orgId}`, document: account.document })
    return { arn, account, orgId }
  }
  return { scene, mine: await keepOne(), theirs: await keepOne() }
}

/** Everything at Dfns that somebody may hold, and every version of every secret. */
function whole() {
  const { scene } = at()
  const { sandbox, dfns } = scene
  const secrets = sandbox.vault.list().map(({ arn, versions }) => {
    const all = [...versions.values()].map(({ id, labels, value }) => ({ id, labels: [...labels], value }))
    return { arn, all }
  })
  const changes = dfns.effects().filter(({ kind }) => !kind.startsWith('user action'))
  return structuredClone({ secrets, changes, schedules: sandbox.scheduler.list() })
}

const elsewhere: readonly (readonly [string, (arn: string) => string])[] = [
  ['of another account', (arn) => arn.replace(':000000000000:', ':111111111111:')],
  ['of another region', (arn) => arn.replace(':eu-west-1:', ':us-east-1:')],
  ['by its name', (arn) => arn.split(':secret:')[1]?.slice(0, -7) ?? ''],
  ['by its ARN without the six characters', (arn) => arn.slice(0, -7)],
  ['by its ARN with a wildcard', (arn) => `${arn.slice(0, -6)}??????`],
  ['by its ARN and more', (arn) => `${arn}:AWSCURRENT`],
  ['by its ARN with a line break', (arn) => `${arn}\n`],
]

describe('the rotation function does nothing for an event about a secret', () => {
  test.each(elsewhere)('%s', async (_, named) => {
    const { scene, mine } = await two()
    const SecretId = named(mine.arn)
    const before = whole()
    const event = { Step: 'createSecret', SecretId, ClientRequestToken: randomUUID() }
    const { result } = await invoke({ scene }, 'rotate', event)
    expect(codeOf(result)).toMatch(/^ERR_(EVENT_INVALID|SECRET_GONE|NOT_ENABLED|NOT_STAGED)$/)
    expect(whole()).toEqual(before)
  })
})

describe('the retire function deactivates nothing but what a version of the secret names, on its own identity', () => {
  /** A rotation of mine is over: its first key has its grace. */
  async function superseding() {
    const both = await two()
    const { scene, mine, theirs } = both
    expect(await rotationOf({ scene }, mine.arn)).toBe('done')
    expect(await rotationOf({ scene }, theirs.arn)).toBe('done')
    const holder = ({ arn }: { arn: string }, label: string) =>
      [...scene.sandbox.vault.find(arn).versions.values()].find(({ labels }) => labels.has(label))?.id
    const eventOf = (of: { arn: string }) => ({
      v: 1,
      kind: 'ServiceAccountKey',
      secretArn: of.arn,
      superseded: holder(of, 'AWSPREVIOUS'),
      promoted: holder(of, 'AWSCURRENT'),
    })
    const active = ({ account }: { account: { userId: string } }) =>
      scene.dfns.credentials(account).filter(({ isActive }) => isActive)
    return { ...both, eventOf, holder, active }
  }

  type What = (of: Awaited<ReturnType<typeof superseding>>) => object
  const foreign: readonly (readonly [string, What])[] = [
    [
      'the uuid of AWSCURRENT',
      ({ active, mine }) => ({ credentialUuids: [active(mine)[1]?.credentialUuid] }),
    ],
    [
      'uuids of another organisation',
      ({ active, theirs }) => ({
        credentialUuids: active(theirs).map(({ credentialUuid }) => credentialUuid),
      }),
    ],
    ['the account of another organisation', ({ theirs }) => ({ serviceAccountId: theirs.account.userId })],
    ['its own account', ({ mine }) => ({ serviceAccountId: mine.account.userId })],
    ['a token of another organisation', ({ theirs }) => ({ tokenId: theirs.account.tokenId })],
    ['a webhook', () => ({ webhookId: 'wh-12345-12345-1234567890abcdef' })],
  ]

  test.each(foreign)('where the event names %s', async (_, what) => {
    const staged = await superseding()
    const { scene, mine, theirs, eventOf, active } = staged
    const theirsBefore = active(theirs)
    const current = await scene.documentOf(mine.arn, 'AWSCURRENT')
    await invoke({ scene }, 'retire', { ...eventOf(mine), what: what(staged) })
    expect(active(theirs)).toEqual(theirsBefore)
    expect(await scene.signingStatus(current)).toBe(200)
    // What a version of this very secret names as superseded may be gone.
    expect(active(mine).map(({ credentialId }) => credentialId)).toContain(current.credId)
  })

  test.each([
    ['of another secret', (of: Awaited<ReturnType<typeof superseding>>) => of.eventOf(of.theirs)],
    [
      'that is AWSCURRENT',
      ({ eventOf, mine, holder }: Awaited<ReturnType<typeof superseding>>) => ({
        ...eventOf(mine),
        superseded: holder(mine, 'AWSCURRENT'),
        promoted: holder(mine, 'AWSPREVIOUS'),
      }),
    ],
    [
      'that never was',
      ({ eventOf, mine }: Awaited<ReturnType<typeof superseding>>) => ({
        ...eventOf(mine),
        superseded: randomUUID(),
      }),
    ],
  ])('where the event names a version %s', async (_, versions) => {
    const staged = await superseding()
    const { scene, mine, active } = staged
    const stranger = scene.dfns.addCredential({
      userId: mine.account.userId,
      name: 'stranger',
      publicKey: newKey().publicKey,
    })
    const before = active(mine)
    const event = {
      ...versions(staged),
      secretArn: mine.arn,
      what: { credentialUuids: [stranger.credentialUuid] },
    }
    await invoke({ scene }, 'retire', event)
    expect(active(mine)).toEqual(before)
  })
})

describe('the audit does nothing for an event that names', () => {
  test.each([
    ['a secret of another account', 'arn:aws:secretsmanager:eu-west-1:111111111111:secret:x-AbCdEf', 'done'],
    ['a resource of another service', 'arn:aws:s3:::bucket', 'ERR_EVENT_INVALID'],
    ['no ARN', '../../etc', 'ERR_EVENT_INVALID'],
    [
      'everything',
      `arn:aws:secretsmanager:eu-west-1:000000000000:secret:${'~'.repeat(600)}`,
      'ERR_EVENT_INVALID',
    ],
  ])('%s', async (_, after, code) => {
    const { scene } = await two()
    const before = whole()
    const { result } = await invoke({ scene }, 'audit', { after })
    expect(codeOf(result)).toBe(code)
    expect(whole()).toEqual(before)
  })
})

describe('an intruder who registers a key of his own on the account', () => {
  /** An intruder’s key, under whatever id he likes. */
  async function intruded(credIdFor: (of: Awaited<ReturnType<typeof two>>) => string | Promise<string>) {
    const both = await two()
    const { scene, mine } = both
    await rotationOf({ scene }, mine.arn)
    await rotationOf({ scene }, both.theirs.arn)
    await scene.clock.advance(2 * hour)
    const credId = await credIdFor(both)
    const key = newKey()
    const { credentialUuid } = scene.dfns.addCredential({
      userId: mine.account.userId,
      name: 'backup',
      publicKey: key.publicKey,
      credId,
    })
    const isActive = () =>
      scene.dfns.credentials(mine.account).find((one) => one.credentialUuid === credentialUuid)?.isActive
    await scene.clock.advance(3 * hour)
    return { ...both, credId, key, isActive }
  }

  const versionOf = (arn: string, label = 'AWSCURRENT') =>
    [...at().scene.sandbox.vault.find(arn).versions.values()].find(({ labels }) => labels.has(label))?.id ??
    ''

  test('under an id of this secret’s lineage: the audit ends it, as it ends everything of ours that nothing names', async () => {
    const { scene, mine, isActive } = await intruded(({ mine: { arn: secretArn } }) =>
      credIdOf({ secretArn, token: 'f'.repeat(32) }),
    )
    expect(typesIn(await findings({ scene }, { arn: mine.arn }))).toEqual(['untracked'])
    expect(isActive()).toBe(false)
  })

  test.each([
    ['of another secret’s lineage, and a version that is not there', () => 'f'.repeat(32)],
    ['of another secret’s lineage, and its current version', (arn: string) => versionOf(arn)],
  ])('under an id %s: he is told as a stranger', async (_, tokenOf) => {
    const { scene, mine, credId, isActive } = await intruded(({ theirs: { arn: secretArn } }) =>
      credIdOf({ secretArn, token: tokenOf(secretArn) }),
    )
    expect(await findings({ scene }, { arn: mine.arn })).toMatchObject([
      { type: 'foreign-credential', credId },
    ])
    expect(isActive()).toBe(true)
  })

  test('under an id that a neighbour’s secret names, of another organisation: he is told as a stranger', async () => {
    const { scene, mine, credId, isActive, theirs } = await intruded(() => randomUUID())
    await put({ scene, arn: theirs.arn, change: { credId } })
    expect(typesIn(await findings({ scene }, { arn: mine.arn }))).toContain('foreign-credential')
    expect(isActive()).toBe(true)
  })
})
