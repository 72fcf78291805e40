import { expect, test } from 'vitest'
import type { Switches } from '../../sandbox/dfns/switches.ts'
import { guideWorld, newKey, type Scene } from '../../sandbox/scene.ts'
import { held, leave } from '../credentials/replacing.ts'
import { watchedScene } from '../support/scene.ts'

const hour = 3_600_000

const policy = (grace: string) => (dfnsUrl: string) =>
  JSON.stringify({ allowedBaseUrls: [dfnsUrl], grace: { default: grace, adopted: grace } })

interface Options {
  readonly dfnsSwitches?: Partial<Switches>
  readonly daysValid?: number
  readonly isSigned?: boolean
  readonly tags?: Readonly<Record<string, string>>
}

function accountOf(of: { scene: Scene; orgId: string; daysValid: number }) {
  const { scene, orgId, daysValid } = of
  const { publicKey, privateKey } = newKey()
  const issued = scene.dfns.createServiceAccount({ orgId, name: 'payments', publicKey, daysValid })
  const { authToken, credId } = issued
  const common = { kind: 'ServiceAccountKey', baseUrl: scene.sandbox.urls.dfns, orgId } as const
  return { ...issued, document: { ...common, authToken, credId, privateKey } }
}

/** Everything that the functions printed. */
const printed = ({ scene }: Staged): string =>
  [...scene.sandbox.bundled.values()].flatMap(({ output }) => output).join('\n')

/** A service account that Dfns lets register nothing, and the secret of a user who may replace it. */
async function stage(grace: string, options: Options = {}) {
  const { dfnsSwitches = {}, daysValid = 730, isSigned = true, tags = {} } = options
  const scene = await watchedScene({ policy: policy(grace), dfnsSwitches })
  const { dfns } = scene
  const { orgId } = dfns.createOrganisation()
  const account = accountOf({ scene, orgId, daysValid })
  const { userId } = account
  const { permissionId } = dfns.assignPermission({ userId, operations: ['Wallets:Read'] })
  const { publicKey, privateKey } = newKey()
  const admin = dfns.createUser({ orgId, name: 'admin', publicKey, permissions: leave })
  const { username, credId } = admin
  const { baseUrl } = account.document
  const document = { kind: 'UserKey', baseUrl, orgId, username, credId, privateKey }
  const { ARN: signerArn } = await scene.secretsManager<{ ARN: string }>('CreateSecret', {
    Name: 'admin',
    SecretString: JSON.stringify(document),
    ClientRequestToken: crypto.randomUUID(),
  })
  const signed = isSigned ? { signerArn } : {}
  const arn = await scene.keepSecret({ name: 'payments', document: { ...account.document, ...signed }, tags })
  const isActive = () => dfns.identities({ orgId }).find((one) => one.userId === userId)?.isActive
  const accounts = () => dfns.identities({ orgId }).filter(({ kind }) => kind === 'ServiceAccount')
  return { scene, orgId, account, arn, permissionId, isActive, accounts }
}

type Staged = Awaited<ReturnType<typeof stage>>

async function expectReplaced({ scene, account, arn, permissionId, accounts }: Staged) {
  const current = await scene.documentOf(arn, 'AWSCURRENT')
  expect(current.authToken).not.toBe(account.document.authToken)
  expect(await scene.signingStatus(current)).toBe(200)
  const [, fresh, ...more] = accounts()
  expect(more).toEqual([])
  const assigned = scene.dfns.assignments({ identityId: fresh?.userId ?? '' })
  expect(assigned.map((assignment) => assignment.permissionId)).toEqual([permissionId])
}

test('a service account that may not register its key is replaced, and deactivated after its grace', async () => {
  const staged = await stage('PT1H')
  const { scene, arn, account, isActive } = staged
  await scene.rotate(arn)
  await expectReplaced(staged)
  expect(await scene.signingStatus(account.document)).toBe(200)
  await scene.clock.advance(2 * hour)
  expect(isActive()).toBe(false)
  await expectReplaced(staged)
  expect(Object.values(await scene.labelsOf(arn)).flat()).not.toContain('AWSPREVIOUS')
})

test('and at once where its grace is none', async () => {
  const staged = await stage('PT0S')
  await staged.scene.rotate(staged.arn)
  await expectReplaced(staged)
  expect(staged.isActive()).toBe(false)
})

test('one rotation after the other, with one account left', async () => {
  const staged = await stage('PT1H')
  const { scene, arn, accounts } = staged
  for (const count of [2, 3]) {
    await scene.rotate(arn)
    await scene.clock.advance(2 * hour)
    expect(accounts().map(({ isActive }) => isActive)).toEqual([...Array(count - 1).fill(false), true])
  }
  expect(await scene.signingStatus(await scene.documentOf(arn, 'AWSCURRENT'))).toBe(200)
})

test('AWSCURRENT moved back to the replaced account, which then is not deactivated', async () => {
  const staged = await stage('PT1H')
  const { scene, arn, account, isActive } = staged
  await scene.rotate(arn)
  const labels = Object.entries(await scene.labelsOf(arn))
  const of = (label: string) => labels.find(([, all]) => all.includes(label))?.[0]
  await scene.secretsManager('UpdateSecretVersionStage', {
    SecretId: arn,
    VersionStage: 'AWSCURRENT',
    RemoveFromVersionId: of('AWSCURRENT'),
    MoveToVersionId: of('AWSPREVIOUS'),
  })
  await scene.clock.advance(2 * hour)
  expect(isActive()).toBe(true)
  expect(await scene.signingStatus(account.document)).toBe(200)
})

test('a token that ends too soon is replaced, and nothing warns of it', async () => {
  const staged = await stage('PT1H', { dfnsSwitches: guideWorld, daysValid: 35 })
  await staged.scene.rotate(staged.arn)
  await expectReplaced(staged)
  expect(printed(staged)).not.toContain('token-expiring')
})

test('or, without a signer, its key is rotated, and the log warns of it', async () => {
  const staged = await stage('PT1H', { dfnsSwitches: guideWorld, daysValid: 35, isSigned: false })
  const { scene, arn, account, accounts } = staged
  await scene.rotate(arn)
  const { authToken, credId } = await scene.documentOf(arn, 'AWSCURRENT')
  expect(authToken).toBe(account.document.authToken)
  expect(credId).not.toBe(account.document.credId)
  expect(accounts()).toHaveLength(1)
  expect(printed(staged)).toContain('token-expiring')
})

test('likewise where Secrets Manager still names the date of the rotation that is under way', async () => {
  const staged = await stage('PT1H', { dfnsSwitches: guideWorld, daysValid: 35 })
  const { scene, arn } = staged
  scene.sandbox.wire.plan = () => {
    const { rotation } = scene.sandbox.vault.find(arn)
    if (rotation !== undefined) rotation.nextRotationAt = scene.clock.now() - hour
    return undefined
  }
  await scene.rotate(arn)
  await expectReplaced(staged)
})

test('likewise where Secrets Manager names no date', async () => {
  const staged = await stage('PT1H', { dfnsSwitches: guideWorld, daysValid: 35 })
  const { scene, arn } = staged
  scene.sandbox.wire.plan = () => {
    const { rotation } = scene.sandbox.vault.find(arn)
    delete rotation?.nextRotationAt
    return undefined
  }
  await scene.rotate(arn)
  await expectReplaced(staged)
})

test('a token that lives past the next rotation, its grace and a week is not replaced', async () => {
  const staged = await stage('PT1H', { dfnsSwitches: guideWorld, daysValid: 60 })
  await staged.scene.rotate(staged.arn)
  expect(staged.accounts()).toHaveLength(1)
  expect(printed(staged)).not.toContain('token-expiring')
})

test('the tag replaces what could register its own key, and needs a signer', async () => {
  const tags = { 'dfns-rotator:strategy': 'replace' }
  const staged = await stage('PT1H', { dfnsSwitches: guideWorld, tags })
  await staged.scene.rotate(staged.arn)
  await expectReplaced(staged)
  const unsigned = await stage('PT1H', { dfnsSwitches: guideWorld, tags, isSigned: false })
  await unsigned.scene.rotate(unsigned.arn)
  expect(unsigned.accounts()).toHaveLength(1)
  expect(printed(unsigned)).toContain('ERR_SIGNER')
})

test('a deactivation that waits for an approval is postponed and asked for once', async () => {
  const staged = await stage('PT1H')
  const { scene, arn, orgId, isActive } = staged
  await scene.rotate(arn)
  scene.dfns.setSwitches({ orgId, switches: { approval: { ...held, deactivateServiceAccount: true } } })
  await scene.clock.advance(24 * hour)
  const approvals = scene.dfns.approvals({ orgId })
  expect(approvals).toHaveLength(1)
  expect(isActive()).toBe(true)
  expect(printed(staged).match(/retirement is postponed/g)?.length).toBeGreaterThan(1)
  scene.dfns.decideApproval({ approvalId: approvals[0]?.approvalId ?? '', decision: 'Approved' })
  await scene.clock.advance(24 * hour)
  expect(isActive()).toBe(false)
  expect(scene.dfns.approvals({ orgId })).toHaveLength(1)
})
