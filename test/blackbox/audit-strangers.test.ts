import { describe, expect, test } from 'vitest'
import { selfRotation } from '../../sandbox/dfns/switches.ts'
import { guideWorld, newKey } from '../../sandbox/scene.ts'
import { findings, types } from '../support/audits.ts'
import { day, hour, rotated, type Staged, stage } from '../support/graces.ts'

/** A key that somebody registers with a leaked one. */
function intrude({ scene, account }: Staged, credId?: string): string {
  const given = { userId: account.userId, name: 'ci-backup', publicKey: newKey().publicKey }
  return scene.dfns.addCredential({ ...given, ...(credId !== undefined && { credId }) }).credId
}

const isActive = ({ scene, account }: Staged, credId: string) =>
  scene.dfns.credentials({ userId: account.userId }).find((one) => one.credentialId === credId)?.isActive

function deactivate({ scene, account }: Staged, credId: string, active = false): void {
  const found = scene.dfns.credentials({ userId: account.userId }).find((one) => one.credentialId === credId)
  scene.dfns.setCredentialActive({ credentialUuid: found?.credentialUuid ?? '', isActive: active })
}

describe("an intruder's key on the identity of a secret", () => {
  test('is named with its date and name, survives the audit, and is gone once deactivated', async () => {
    const staged = await rotated()
    await staged.scene.clock.advance(day)
    const credId = intrude(staged)
    const created = new Date(staged.scene.clock.now()).toISOString()
    await staged.scene.clock.advance(3 * hour)
    expect(await findings(staged)).toMatchObject([
      { type: 'foreign-credential', secretId: staged.arn, credId, name: 'ci-backup', created },
    ])
    expect(isActive(staged, credId)).toBe(true)
    deactivate(staged, credId)
    expect(await types(staged)).toEqual([])
  })

  test('is told where only allowCredentials may be read, too', async () => {
    const staged = await stage()
    const { scene, account } = staged
    const { orgId } = account.document
    scene.dfns.setSwitches({ orgId, switches: { selfRotation: selfRotation.allRefused } })
    const credId = intrude(staged)
    expect(await findings(staged)).toMatchObject([{ type: 'foreign-credential', credId }])
    expect(isActive(staged, credId)).toBe(true)
    scene.dfns.setSwitches({ orgId, switches: { allowCredentialsInactive: 'hidden' } })
    deactivate(staged, credId)
    expect(await types(staged)).toEqual([])
  })

  test('where not even that tells ids, nothing is called foreign, and it is said', async () => {
    const selfRefused = {
      selfRotation: selfRotation.allRefused,
      allowCredentialsId: 'credentialUuid',
    } as const
    const staged = await stage({ dfnsSwitches: { ...guideWorld, ...selfRefused } })
    intrude(staged)
    expect(await findings(staged)).toMatchObject([{ type: 'not-checked', code: 'ERR_NOT_ALLOWED' }])
  })

  test('is told where it took the place of a key that is refused by now', async () => {
    const staged = await stage()
    const credId = intrude(staged)
    deactivate(staged, staged.account.credId)
    const found = await findings(staged)
    expect(found.map(({ type, credId: id }) => [type, id])).toEqual([
      ['current-not-accepted', staged.account.credId],
      ['foreign-credential', credId],
    ])
    deactivate(staged, staged.account.credId, true)
    expect(await types(staged)).toEqual(['foreign-credential'])
  })

  test('is told under the lineage of a secret that is not there, however old', async () => {
    const staged = await stage()
    const lineage = Buffer.concat([Buffer.from('dfr1'), Buffer.alloc(28, 7)]).toString('base64url')
    intrude(staged, lineage)
    await staged.scene.clock.advance(day)
    const of = 'another secret of dfns-rotator'
    expect(await findings(staged)).toMatchObject([{ type: 'foreign-credential', credId: lineage, of }])
    expect(isActive(staged, lineage)).toBe(true)
  })
})

describe("a person's key that the policy knows", () => {
  const credId = 'a-key-of-somebody'
  const rules = { knownCredentials: [credId] }

  test('is told no more, and one beside it still is', async () => {
    const staged = await stage({ rules })
    intrude(staged, credId)
    expect(await types(staged)).toEqual([])
    const stranger = intrude(staged)
    expect(await findings(staged)).toMatchObject([{ type: 'foreign-credential', credId: stranger }])
  })

  test('is told again once another one has been registered under its id', async () => {
    const staged = await stage({ rules, dfnsSwitches: { ...guideWorld, duplicateCredId: 'allow' } })
    intrude(staged, credId)
    intrude(staged, credId)
    expect(await types(staged)).toEqual(['foreign-credential'])
  })
})

test('two secrets of one identity are no strangers to each other', async () => {
  const staged = await stage({ grace: { default: 'P2D', adopted: 'P2D' } })
  const { scene, account } = staged
  const { publicKey, privateKey } = newKey()
  const { credId } = scene.dfns.addCredential({ userId: account.userId, name: 'second', publicKey })
  const document = { ...account.document, credId, privateKey }
  const other = await scene.keepSecret({ name: 'other', document })
  expect(await types(staged)).toEqual([])
  await scene.rotate(other)
  await scene.rotate(staged.arn)
  await scene.clock.advance(3 * day)
  await scene.rotate(other)
  await scene.clock.advance(3 * hour)
  // What it registered for AWSCURRENT and AWSPREVIOUS, it looks after itself.
  expect(await types(staged)).toEqual([])
  expect(await scene.signingStatus(await scene.documentOf(other, 'AWSPREVIOUS'))).toBe(200)
})

describe('what a person put over what a person made', () => {
  test('is left to a person: a key on the same account', async () => {
    const staged = await stage()
    const { scene, arn, account } = staged
    const { publicKey, privateKey } = newKey()
    const { credId } = scene.dfns.addCredential({ userId: account.userId, name: 'emergency', publicKey })
    const SecretString = JSON.stringify({ ...account.document, credId, privateKey })
    await scene.secretsManager('PutSecretValue', {
      SecretId: arn,
      ClientRequestToken: crypto.randomUUID(),
      SecretString,
    })
    await scene.clock.advance(3 * hour)
    expect(await findings(staged)).toMatchObject([
      { type: 'previous-past-grace', outcome: 'left', credId: account.credId },
    ])
    expect(isActive(staged, account.credId)).toBe(true)
    deactivate(staged, account.credId)
    expect(await types(staged)).toEqual([])
  })
})
