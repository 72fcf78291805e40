import { describe, expect, onTestFinished, test } from 'vitest'
import { newKey } from '../../sandbox/scene.ts'
import { findings } from '../support/audits.ts'
import { day, hour } from '../support/graces.ts'
import { type Kind, keep, worldOf } from '../support/kinds.ts'
import { arena, codeOf, invoke, put, rotationOf, stagePending, tokenSaying } from './arena.ts'

const at = arena({ dfnsSwitches: worldOf('replaced account') })

interface Options {
  readonly kind?: Kind
  /** The treasury's name. */
  readonly called?: string
  readonly daysValid?: number
}

/** An organisation in which somebody may write his own secret, and the treasury is none of his business. */
async function neighbourhood({ kind = 'replaced account', called = 'treasury', daysValid }: Options = {}) {
  const { scene } = at()
  const { dfns } = scene
  const { orgId } = dfns.createOrganisation()
  const mine = await keep({ scene, orgId, kind, name: orgId, daysValid })
  const account = { orgId, name: called, publicKey: newKey().publicKey }
  const treasury = dfns.createServiceAccount(account)
  const { permissionId } = dfns.assignPermission({ userId: treasury.userId, operations: ['Wallets:Create'] })
  const accounts = () => dfns.identities({ orgId }).filter((one) => one.kind === 'ServiceAccount')
  const isTreasuryActive = () => accounts().find(({ userId }) => userId === treasury.userId)?.isActive
  const claiming = (exp = 4_000_000_000) => ({
    authToken: tokenSaying({ orgId, userId: treasury.userId, exp }),
    credId: treasury.credId,
  })
  /** Who may do what the treasury may. */
  const holders = () =>
    accounts().filter(({ userId }) =>
      dfns.assignments({ identityId: userId }).some((one) => one.permissionId === permissionId),
    )
  const expectUntouched = () => {
    expect(holders().map(({ userId }) => userId)).toEqual([treasury.userId])
    expect(isTreasuryActive()).toBe(true)
  }
  return {
    scene,
    dfns,
    orgId,
    arn: mine.arn,
    userId: mine.userId,
    accounts,
    treasury,
    claiming,
    expectUntouched,
  }
}

type Neighbourhood = Awaited<ReturnType<typeof neighbourhood>>

const wish = ({ scene, arn: SecretId }: Neighbourhood, Value: string) =>
  scene.secretsManager('TagResource', { SecretId, Tags: [{ Key: 'dfns-rotator:strategy', Value }] })

const step = async ({ scene, arn }: Neighbourhood, Step: string, ClientRequestToken: string) => {
  const { result } = await invoke({ scene }, 'rotate', { Step, SecretId: arn, ClientRequestToken })
  return codeOf(result)
}

describe('whoever may write the value and the tags of one secret makes nothing of the account he claims in it', () => {
  test('by a token that says it has expired, so that nobody can prove it: ERR_VERIFY, and no account is made', async () => {
    const staged = await neighbourhood()
    await put({ ...staged, change: staged.claiming(1) })
    await wish(staged, 'replace')
    expect(await rotationOf(staged, staged.arn)).toBe('ERR_VERIFY')
    expect(staged.accounts()).toHaveLength(2)
    staged.expectUntouched()
  })

  test.each(['replace', 'auto', 'self'])(
    'by one that says it has not, under the tag %s',
    async (strategy) => {
      const staged = await neighbourhood()
      await put({ ...staged, change: staged.claiming() })
      await wish(staged, strategy)
      expect(await rotationOf(staged, staged.arn)).toBe('ERR_TOKEN_EXPIRED')
      expect(staged.accounts()).toHaveLength(2)
      staged.expectUntouched()
    },
  )

  test('by a claim that he puts between createSecret and setSecret: ERR_CURRENT_CHANGED, no permission is given', async () => {
    const staged = await neighbourhood()
    const token = stagePending(staged)
    expect(await step(staged, 'createSecret', token)).toBe('done')
    await put({ ...staged, change: staged.claiming() })
    // A put takes the label away; it can be attached again.
    const again = { SecretId: staged.arn, VersionStage: 'AWSPENDING', MoveToVersionId: token }
    await staged.scene.secretsManager('UpdateSecretVersionStage', again)
    expect(await step(staged, 'setSecret', token)).toBe('ERR_CURRENT_CHANGED')
    staged.expectUntouched()
  })

  test('by an AWSPENDING of his own, which createSecret keeps', async () => {
    const staged = await neighbourhood()
    const own = await staged.scene.documentOf(staged.arn, 'AWSCURRENT')
    await put({ ...staged, change: staged.claiming() })
    const token = await put({ ...staged, change: own, labels: ['AWSPENDING'] })
    expect(await step(staged, 'createSecret', token)).toBe('done')
    expect(await step(staged, 'setSecret', token)).toBe('ERR_CURRENT_CHANGED')
    expect(await step(staged, 'finishSecret', token)).not.toBe('done')
    staged.expectUntouched()
  })

  test('by an AWSPENDING that a rotation made: nothing is promoted, and no schedule names the treasury', async () => {
    const staged = await neighbourhood()
    const { scene, treasury } = staged
    expect(await rotationOf(staged, staged.arn)).toBe('done')
    const made = await scene.documentOf(staged.arn, 'AWSCURRENT')
    await put({ ...staged, change: staged.claiming() })
    const token = await put({ ...staged, change: made, labels: ['AWSPENDING'] })
    for (const name of ['setSecret', 'testSecret', 'finishSecret'])
      expect(await step(staged, name, token)).toBe('ERR_CURRENT_CHANGED')
    const inputs = scene.sandbox.scheduler.list().map(({ settings }) => settings.Target.Input ?? '')
    expect(inputs.filter((input) => input.includes(treasury.userId))).toEqual([])
    staged.expectUntouched()
  })

  test.each([
    ['a person made', 'treasury'],
    [
      "another secret's rotation made",
      `treasury dfns-rotator ${'a'.repeat(24)} ${'b'.repeat(32)} ${'c'.repeat(8)}`,
    ],
  ])('by an AWSPREVIOUS that claims what %s: the audit leaves it, and says so', async (_, name) => {
    const staged = await neighbourhood({ called: name })
    const { scene, arn } = staged
    expect(await rotationOf(staged, arn)).toBe('done')
    await scene.clock.advance(2 * hour)
    const made = await scene.documentOf(arn, 'AWSCURRENT')
    await put({ ...staged, change: staged.claiming() })
    await put({ ...staged, change: made })
    await scene.clock.advance(2 * day)
    expect(await findings({ scene }, { arn })).toMatchObject([
      { type: 'previous-past-grace', outcome: 'left' },
    ])
    staged.expectUntouched()
  })

  test('the account that a rotation of this very secret made is replaced also when its token has expired', async () => {
    const staged = await neighbourhood({ daysValid: 1 })
    const { scene, arn } = staged
    expect(await rotationOf(staged, arn)).toBe('done')
    await wish(staged, 'replace')
    await scene.clock.advance(2 * day)
    expect(await rotationOf(staged, arn)).toBe('done')
  })
})

describe('whoever claims a token of an administrator gets neither a key nor a token of his', () => {
  test.each([
    ['signer', 'ERR_TOKEN_EXPIRED'],
    ['replace', 'ERR_VERIFY'],
    ['auto', 'ERR_TOKEN_EXPIRED'],
  ])('under the tag %s', async (strategy, code) => {
    const staged = await neighbourhood({ kind: 'signed token' })
    const { scene, dfns, orgId, arn, userId } = staged
    const [pat] = dfns.tokens({ userId }).filter((one) => one.kind === 'Pat')
    const claim = tokenSaying({ orgId, userId, jti: pat?.tokenId ?? '', exp: 1 })
    // His own key under the id of the administrator's: neither is secret.
    await put({ ...staged, change: { authToken: claim, privateKey: newKey().privateKey } })
    await wish(staged, strategy)
    const before = { tokens: dfns.tokens({ userId }).length, keys: dfns.credentials({ userId }).length }
    expect(await rotationOf({ scene }, arn)).toBe(code)
    const made = dfns.tokens({ userId }).filter(({ kind }) => kind === 'Pat').length
    expect([made, dfns.credentials({ userId }).length]).toEqual([1, before.keys])
  })
})

describe('a signer is never taken on a document’s word alone', () => {
  test('its own signer is not followed: nobody reads a third secret', async () => {
    const staged = await neighbourhood()
    const { scene, arn } = staged
    const { signerArn = '' } = await scene.documentOf(arn, 'AWSCURRENT')
    const third = `${arn.split(':secret:')[0]}:secret:third-AbCdEf`
    await put({ scene, arn: signerArn, change: { signerArn: third } })
    expect(await rotationOf({ scene }, arn)).toBe('done')
    const asked = scene.sandbox.wire.calls.filter(({ request }) => request.body.includes(third))
    expect(asked.filter(({ request }) => request.operation !== 'PutSecretValue')).toEqual([])
  })

  test.each([
    ['one in another account', (arn: string) => arn.replace(':000000000000:', ':111111111111:')],
    ['one in another region', (arn: string) => arn.replace(':eu-west-1:', ':us-east-1:')],
    ['one in another partition', (arn: string) => arn.replace('arn:aws:', 'arn:aws-cn:')],
    ['one whose name only begins alike', (arn: string) => `${arn.slice(0, -7)}/../other-AbCdEf`],
  ])('%s is refused, and nothing is made', async (_, named) => {
    const staged = await neighbourhood()
    const { scene, arn } = staged
    const { signerArn = '' } = await scene.documentOf(arn, 'AWSCURRENT')
    await put({ ...staged, change: { signerArn: named(signerArn) } })
    expect(await rotationOf({ scene }, arn)).toBe('ERR_SIGNER')
    expect(staged.accounts()).toHaveLength(2)
  })

  test('one in another account is not even asked for', async () => {
    const staged = await neighbourhood()
    const { scene, arn } = staged
    const { signerArn = '' } = await scene.documentOf(arn, 'AWSCURRENT')
    const elsewhere = signerArn.replace(':000000000000:', ':111111111111:')
    await put({ ...staged, change: { signerArn: elsewhere } })
    const start = scene.sandbox.wire.calls.length
    await rotationOf({ scene }, arn)
    const asked = scene.sandbox.wire.calls
      .slice(start)
      .filter(({ request }) => request.body.includes(elsewhere))
    expect(asked).toEqual([])
  })

  test('one that the policy does not list is refused where it lists any', async () => {
    const staged = await neighbourhood()
    const { scene, arn } = staged
    const { sandbox } = scene
    const { signerArn } = await scene.documentOf(arn, 'AWSCURRENT')
    const { value: before } = sandbox.parameters.get('/dfns-rotator/policy')
    const allow = (...allowedSigners: readonly (string | undefined)[]) =>
      write(JSON.stringify({ ...(JSON.parse(before) as object), allowedSigners }))
    const write = (value: string) =>
      void sandbox.parameters.put({ name: '/dfns-rotator/policy', value, type: 'String', overwrite: true })
    onTestFinished(() => write(before))
    const token = stagePending(staged)
    allow(`${arn.split(':secret:')[0]}:secret:another-AbCdEf`)
    expect(await step(staged, 'createSecret', token)).toBe('ERR_SIGNER')
    allow(signerArn)
    expect(await step(staged, 'createSecret', token)).toBe('done')
  })
})
