import { expect, test } from 'vitest'
import { newKey } from '../../sandbox/scene.ts'
import { leave } from '../credentials/replacing.ts'
import { watchedScene } from '../support/scene.ts'

const hour = 3_600_000

const policy = (grace: string) => (dfnsUrl: string) =>
  JSON.stringify({ allowedBaseUrls: [dfnsUrl], grace: { default: grace, adopted: grace } })

/** A service account that Dfns lets register nothing, and the secret of a user who may replace it. */
async function stage(grace: string) {
  const scene = await watchedScene({ policy: policy(grace) })
  const { dfns } = scene
  const { orgId } = dfns.createOrganisation()
  const account = scene.openAccount({ orgId, name: 'payments' })
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
  const arn = await scene.keepSecret({ name: 'payments', document: { ...account.document, signerArn } })
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
