import { describe, expect, test } from 'vitest'
import { serviceAccountKey } from '../../lambdas/credentials/service-account-key.ts'
import type { Survey } from '../../lambdas/credentials/survey.ts'
import { surveyOf } from '../../lambdas/credentials/surveys.ts'
import { credIdOf, markOf, marked } from '../../lambdas/crypto/lineage.ts'
import { selfRotation, type Switches } from '../../sandbox/dfns/switches.ts'
import { newKey } from '../../sandbox/scene.ts'
import type { Fault } from '../../sandbox/wire.ts'
import { dfnsWorld } from '../support/dfns-world.ts'
import { errorOf, replacing, secretArn, striking } from './replacing.ts'

const token = 'a'.repeat(32)
const lists = <T>(_: string, ask: () => Promise<T>) => ask()

/** A service account, its secret's AWSCURRENT, and what a survey of it finds. */
async function open(switches: Partial<Switches> = {}) {
  const world = await dfnsWorld(switches)
  const { dfns, orgId, url: baseUrl } = world
  const { publicKey, privateKey } = newKey()
  const account = dfns.createServiceAccount({ orgId, name: 'payments', publicKey })
  const { authToken, credId, userId } = account
  const document = { kind: 'ServiceAccountKey', baseUrl, orgId, authToken, credId, privateKey }
  const source = { text: JSON.stringify(document), on: `AWSCURRENT of ${secretArn}`, secretArn }
  const current = serviceAccountKey(world.means).read(source, world.limits)
  const add = (given: { name: string; credId?: string }) =>
    dfns.addCredential({ userId, publicKey: newKey().publicKey, ...given })
  const survey = () => surveyOf({ current, means: world.means, lists })
  return { world, dfns, account, current, add, survey }
}

const found = ({ found: all }: Survey) => all.map(({ id, isActive }) => [id, isActive])

describe('a survey of keys', () => {
  test('has every credential of the identity, active or not, with name, date and uuid', async () => {
    const { world, dfns, account, add, survey } = await open()
    const created = new Date(world.clock.now())
    await world.clock.advance(1_000)
    const laptop = add({ name: 'laptop' })
    dfns.setCredentialActive({ credentialUuid: laptop.credentialUuid, isActive: false })
    const all = await survey()
    expect(all).toMatchObject({ refusal: undefined, problems: [] })
    expect(all.found).toMatchObject([
      { id: account.credId, noun: 'credential', isActive: true, created },
      {
        id: laptop.credId,
        name: 'laptop',
        isActive: false,
        created: new Date(world.clock.now()),
        what: { credentialUuids: [laptop.credentialUuid] },
        lineage: undefined,
      },
    ])
  })

  test('takes what has one id together: active if one of them is, and as young as the youngest', async () => {
    const { world, dfns, add, survey } = await open({ duplicateCredId: 'allow', listLag: 0 })
    const credId = credIdOf({ secretArn, token })
    const first = add({ name: 'first', credId })
    await world.clock.advance(1_000)
    const second = add({ name: 'second', credId })
    dfns.setCredentialActive({ credentialUuid: first.credentialUuid, isActive: false })
    const { secret, token: rotation } = markOf({ secretArn, token })
    const [, twin, ...more] = (await survey()).found
    expect(more).toEqual([])
    expect(twin).toMatchObject({
      id: credId,
      isActive: true,
      created: new Date(world.clock.now()),
      what: { credentialUuids: [first.credentialUuid, second.credentialUuid] },
      lineage: { secret, token: rotation },
    })
  })

  test.each([
    ['a name that is null', { name: null }, ''],
    ['another kind', { kind: 'Fido2', name: 'passkey' }, 'Fido2 passkey'],
    ['another kind without a name', { kind: 'RecoveryKey', name: null }, 'RecoveryKey '],
    ['no date', { dateCreated: undefined }, 'laptop'],
    ['a date that is none', { dateCreated: 'yesterday' }, 'laptop'],
  ])('is told of %s', async (_, change, name) => {
    const { world, survey } = await open()
    const item = {
      credentialId: 'Y3JlZA',
      credentialUuid: 'cr-1',
      isActive: true,
      kind: 'Key',
      name: 'laptop',
    }
    const items = [{ ...item, dateCreated: '2026-01-01T00:00:00Z', ...change }]
    const reply = { status: 200, body: JSON.stringify({ items }) }
    world.wire.plan = ({ operation }) => (operation === 'GET /auth/credentials' ? { reply } : undefined)
    const [one] = (await survey()).found
    expect(one).toMatchObject({ name })
    expect(one?.created).toEqual('dateCreated' in change ? undefined : new Date('2026-01-01T00:00:00Z'))
  })

  test.each([selfRotation.allRefused, selfRotation.allUnauthorised])(
    'where it may not list is of the ids that may sign, without uuids',
    async (refused) => {
      const { account, add, survey } = await open({ selfRotation: refused, listLag: 0 })
      const laptop = add({ name: 'laptop' })
      const all = await survey()
      expect(found(all)).toEqual([
        [account.credId, true],
        [laptop.credId, true],
      ])
      expect(all).toMatchObject({ refusal: undefined, problems: [] })
      expect(all.found[1]).toMatchObject({ created: undefined, what: { credentialUuids: [] } })
    },
  )

  test('calls nothing by ids among which its own is not', async () => {
    const refused = { selfRotation: selfRotation.allRefused, allowCredentialsId: 'credentialUuid' } as const
    const all = await (await open(refused)).survey()
    expect(all.found).toEqual([])
    expect(all.problems.map(({ code }) => code)).toEqual(['ERR_NOT_ALLOWED'])
  })

  test('finds what a version names by its id, listed or not', async () => {
    const { current, survey } = await open()
    const all = await survey()
    expect(all.find(current)?.id).toBe(current.id)
    expect(all.find({ ...current, id: 'gone' })).toBeUndefined()
  })

  test.each([true, false])('tells whether a rotation of the secret made AWSCURRENT: %s', async (isOwn) => {
    const { world, current } = await open()
    const id = isOwn ? credIdOf({ secretArn, token }) : credIdOf({ secretArn: `${secretArn}2`, token })
    const all = await surveyOf({ current: { ...current, id }, means: world.means, lists })
    expect(all.made).toEqual(isOwn ? ['credential'] : [])
  })
})

describe('whether Dfns accepts AWSCURRENT', () => {
  test('is no if its credential is deactivated, and the rest is told all the same', async () => {
    const { dfns, account, add, survey } = await open({ listLag: 0 })
    const laptop = add({ name: 'laptop' })
    dfns.setCredentialActive({ credentialUuid: account.credentialUuid, isActive: false })
    const all = await survey()
    expect(all.refusal?.code).toBe('ERR_VERIFY')
    expect(found(all)).toContainEqual([laptop.credId, true])
    expect(all.problems).toEqual([])
  })

  test('is no if its token is dead, which is told once', async () => {
    const { dfns, account, survey } = await open()
    dfns.setTokenActive({ tokenId: account.tokenId, isActive: false })
    const all = await survey()
    expect([all.refusal?.code, all.problems, all.found]).toEqual(['ERR_TOKEN_EXPIRED', [], []])
  })

  test.each<[string, Fault]>([
    ['POST /auth/action', { reply: { status: 503, body: '' } }],
    ['POST /auth/action/init', { reply: { status: 404, body: '' } }],
  ])('is no answer where %s fails otherwise', async (operation, fault) => {
    const { world, survey } = await open()
    world.wire.plan = (call) => (call.operation === operation ? fault : undefined)
    expect(['ERR_DFNS_UNAVAILABLE', 'ERR_DFNS_RESPONSE']).toContain((await errorOf(survey())).code)
  })

  test('has no effect at Dfns', async () => {
    const { world, survey } = await open()
    const before = world.changes()
    await survey()
    expect(world.changes()).toBe(before)
  })

  test('and a list that fails is a problem beside it', async () => {
    const { world, survey } = await open()
    world.wire.plan = ({ operation }) =>
      operation === 'GET /auth/credentials' ? { reply: { status: 404, body: '' } } : undefined
    const all = await survey()
    expect([all.refusal, all.problems.map(({ code }) => code)]).toEqual([undefined, ['ERR_DFNS_RESPONSE']])
  })
})

describe.each(['ServiceAccountKey', 'PersonalAccessTokenKey'] as const)(
  'a survey of a replaced %s',
  (kind) => {
    const surveyed = (scene: Awaited<ReturnType<typeof replacing>>, current = scene.current) =>
      surveyOf({ current, means: scene.means, lists })

    test('finds what a rotation of this secret made, and no other', async () => {
      const scene = await replacing({ kind, strategy: 'replace' })
      const name = (arn: string) =>
        marked({ text: 'x', with: markOf({ secretArn: arn, token }), longest: 128 })
      const { orgId } = scene.world
      for (const arn of [secretArn, `${secretArn}2`]) {
        const made = { name: name(arn), publicKey: newKey().publicKey }
        if (kind === 'ServiceAccountKey') scene.dfns.createServiceAccount({ orgId, ...made })
        else scene.dfns.createPersonalAccessToken({ userId: scene.signer.userId, ...made })
      }
      const all = await surveyed(scene)
      const whole = all.found.filter(({ noun }) => noun !== 'credential')
      expect(whole.map(({ name: one }) => one)).toEqual([
        expect.stringContaining(markOf({ secretArn, token }).secret),
      ])
      expect(all.made).toEqual([])
      expect(all.signers).toEqual([scene.signer.credId])
    })

    test('finds by AWSPREVIOUS the one that was replaced, and AWSCURRENT is not among what is left', async () => {
      const scene = await replacing({ kind, strategy: 'replace' })
      const { pending } = await scene.rotate()
      const all = await surveyed(scene, pending)
      expect(all.find(scene.current)).toMatchObject({ id: scene.oldId, isActive: true })
      expect(all.found.filter(({ noun }) => noun !== 'credential')).toEqual([])
      expect(all.made).toHaveLength(1)
      expect(all.made).not.toContain('credential')
    })

    test('of a signer that may not list has the problem, and the keys all the same', async () => {
      const scene = await replacing({ kind, strategy: 'replace' })
      const list = kind === 'ServiceAccountKey' ? 'GET /auth/service-accounts' : 'GET /auth/pats'
      scene.world.wire.plan = striking(list, 'refused')
      const all = await surveyed(scene)
      expect(all.problems.map(({ code }) => code)).toEqual(['ERR_SIGNER'])
      // In this world the key of a token is not in the list of its user.
      const listed = kind === 'ServiceAccountKey' ? scene.current.id : scene.signer.credId
      expect(all.found.map(({ id }) => id)).toEqual([listed])
    })
  },
)
