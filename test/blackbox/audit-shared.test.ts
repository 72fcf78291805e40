import { expect, test } from 'vitest'
import { selfRotation } from '../../sandbox/dfns/switches.ts'
import { guideWorld } from '../../sandbox/scene.ts'
import { findings, types } from '../support/audits.ts'
import {
  activeIds,
  deadLetters,
  hour,
  minute,
  resultOf,
  results,
  rotated,
  schedules,
  type Staged,
  stage,
} from '../support/graces.ts'

/** Two secrets with one credential. */
async function sharing(): Promise<Staged & { other: string }> {
  const staged = await stage({ grace: { default: 'PT6H', adopted: 'PT6H' } })
  const other = await staged.scene.keepSecret({ name: 'other', document: staged.account.document })
  return { ...staged, other }
}

/** The staging labels by which a secret holds a credential. */
async function holds({ scene }: Staged, arn: string): Promise<readonly string[]> {
  const labels = Object.values(await scene.labelsOf(arn)).flat()
  return labels.filter((label) => label.startsWith('dfns-shared-'))
}

test('a credential that two secrets name is told for both, and held by a staging label', async () => {
  const staged = await sharing()
  const { arn, other, account } = staged
  const { credId } = account
  expect(await findings(staged)).toMatchObject([
    { type: 'shared-credential', secretId: other, credId, with: arn },
    { type: 'shared-credential', secretId: arn, credId, with: other },
  ])
  expect(await holds(staged, arn)).toHaveLength(1)
  expect(await holds(staged, other)).toEqual(await holds(staged, arn))
  expect(await types(staged)).toEqual(['shared-credential', 'shared-credential'])
})

test('no schedule retires it while the other secret names it', async () => {
  const staged = await sharing()
  const { scene, arn, account } = staged
  await scene.rotate(arn)
  expect(await types(staged, { arn })).toEqual(['shared-credential'])
  await scene.clock.advance(6 * hour + 10 * minute)
  expect(new Set(results(staged))).toEqual(new Set(['ERR_RETIRE_REFUSED']))
  expect(deadLetters(staged)[0]).toContain('dfns-shared-')
  expect(await scene.signingStatus(account.document)).toBe(200)
  await scene.clock.advance(20 * hour)
  expect(await types(staged, { arn })).toEqual(['shared-credential'])
  expect(await scene.signingStatus(account.document)).toBe(200)
})

test('once each has one of its own it is held for the grace of the later, and retired', async () => {
  const staged = await sharing()
  const { scene, arn, other, account } = staged
  await types(staged)
  expect(await holds(staged, other)).toHaveLength(1)
  await scene.rotate(arn)
  await types(staged)
  await scene.clock.advance(7 * hour)
  await scene.rotate(other)
  await scene.clock.advance(3 * hour)
  // The other's applications may still have it in their caches.
  expect(await findings(staged, { arn })).toMatchObject([{ type: 'shared-credential', with: other }])
  expect(await types(staged, { arn: other })).toEqual(['adopted'])
  expect(await holds(staged, other)).toEqual([])
  expect(await scene.signingStatus(account.document)).toBe(200)
  await scene.clock.advance(3 * hour + minute)
  expect(await scene.signingStatus(account.document)).toBe(401)
  expect(schedules(staged)).toEqual([])
  expect(await types(staged)).toEqual([])
})

test('where that schedule is lost, the audit lets go of it and retires it', async () => {
  const staged = await sharing()
  const { scene, arn, other } = staged
  await scene.rotate(arn)
  await types(staged)
  await scene.rotate(other)
  for (const { group, name } of scene.sandbox.scheduler.list())
    scene.sandbox.scheduler.delete({ group, name })
  await scene.clock.advance(9 * hour)
  const outcomes = (await findings(staged)).map(({ type, outcome }) => `${type} ${String(outcome)}`)
  expect(outcomes).toContain('previous-past-grace retired')
  const current = await Promise.all([arn, other].map((one) => scene.documentOf(one, 'AWSCURRENT')))
  expect(activeIds(staged).toSorted()).toEqual(current.map(({ credId }) => credId).toSorted())
  expect(await types(staged)).toEqual([])
})

test('a retirement that was undone is told for as long as its label stands, and not tried again', async () => {
  const staged = await rotated({
    dfnsSwitches: { selfRotation: selfRotation.allAllowed, tokenDiesWithItsCredential: true },
  })
  const { scene, account, arn } = staged
  await scene.clock.advance(3 * hour)
  expect(results(staged)[0]).toBe('ERR_RETIRE_UNDONE')
  const found = await findings(staged)
  expect(found).toMatchObject([{ type: 'retire-undone', credId: account.credId, secretId: arn }])
  expect(activeIds(staged)).toHaveLength(2)
  const VersionStage = String(found[0]?.['label'])
  const labels = Object.entries(await scene.labelsOf(arn))
  const RemoveFromVersionId = labels.find(([, all]) => all.includes(VersionStage))?.[0]
  await scene.secretsManager('UpdateSecretVersionStage', { SecretId: arn, VersionStage, RemoveFromVersionId })
  scene.dfns.setSwitches({ orgId: account.document.orgId, switches: guideWorld })
  await scene.clock.advance(3 * hour)
  expect(await findings(staged)).toMatchObject([{ type: 'previous-past-grace', outcome: 'retired' }])
  expect(resultOf(await scene.audit())).toBe('done')
  expect(await types(staged)).toEqual([])
})
