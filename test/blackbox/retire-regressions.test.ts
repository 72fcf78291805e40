// Each of these was a defect once.
import { describe, expect, test } from 'vitest'
import { guideWorld, newKey } from '../../sandbox/scene.ts'
import {
  activeIds,
  away,
  deadLetters,
  holder,
  hour,
  inputOf,
  messages,
  minute,
  outcomes,
  resultOf,
  results,
  retireLog,
  retireWith,
  rotated,
  schedules,
  type Staged,
  stage,
} from '../support/graces.ts'

const moveCurrent = ({ scene, arn }: Staged, { from, to }: { from: string; to: string }) =>
  scene.secretsManager('UpdateSecretVersionStage', {
    SecretId: arn,
    VersionStage: 'AWSCURRENT',
    RemoveFromVersionId: from,
    MoveToVersionId: to,
  })
const rollBack = (staged: Staged) =>
  moveCurrent(staged, {
    from: holder(staged, 'AWSCURRENT')?.id ?? '',
    to: holder(staged, 'AWSPREVIOUS')?.id ?? '',
  })

describe('AWSCURRENT works', () => {
  test('though its token dies with the first of two credentials under the superseded id', async () => {
    const dfnsSwitches = {
      ...guideWorld,
      duplicateCredId: 'allow',
      tokenDiesWithItsCredential: true,
    } as const
    const staged = await stage({ dfnsSwitches })
    const { scene, account, arn } = staged
    const { userId, credId } = account
    scene.dfns.addCredential({ userId, credId, name: 'twin', publicKey: newKey().publicKey })
    await scene.rotate(arn)
    await scene.clock.advance(hour + 10 * minute)
    expect(await scene.signingStatus(await scene.documentOf(arn, 'AWSCURRENT'))).toBe(200)
    expect(new Set(results(staged))).toEqual(new Set(['ERR_RETIRE_UNDONE']))
  })

  // An undo that failed is thrown, never postponed.
  test('soon, or the alarm rings, where what was deactivated could not be activated again', async () => {
    const staged = await rotated({ dfnsSwitches: { ...guideWorld, tokenDiesWithItsCredential: true } })
    const { scene, arn } = staged
    const end = scene.clock.now() + hour + 30_000
    let deactivated = false
    scene.sandbox.wire.plan = ({ operation }) => {
      if (deactivated && operation === 'PUT /auth/credentials/activate' && scene.clock.now() < end)
        return away
      deactivated ||= operation === 'PUT /auth/credentials/deactivate'
      return undefined
    }
    await scene.clock.advance(hour + 5 * minute)
    expect(await scene.signingStatus(await scene.documentOf(arn, 'AWSCURRENT'))).toBe(200)
  })
})

// The schedule of (A, B) stands when A is superseded again, by C.
test('AWSPREVIOUS works all through its grace, also when it was rolled back to and superseded anew', async () => {
  const staged = await rotated({ grace: { default: 'PT24H', adopted: 'PT24H' } })
  const { scene, arn, account } = staged
  await scene.clock.advance(20 * hour)
  await rollBack(staged)
  await scene.rotate(arn)
  expect(outcomes(staged).at(-1)).toBe('finishSecret')
  expect(holder(staged, 'AWSPREVIOUS')).toBeDefined()
  await scene.clock.advance(5 * hour)
  expect(await scene.signingStatus(account.document)).toBe(200)
  expect(await scene.documentOf(arn, 'AWSPREVIOUS')).toMatchObject({ credId: account.credId })
})

/** A rotation that has written its schedule, and was killed before AWSCURRENT moved. */
async function killedBeforeItsMove(options: Parameters<typeof stage>[0] = {}) {
  const staged = await stage(options)
  const { scene, arn } = staged
  const isMove = (operation: string) => operation === 'UpdateSecretVersionStage'
  scene.sandbox.wire.plan = ({ operation }) => (isMove(operation) ? 'killed-before' : undefined)
  await scene.rotate(arn)
  scene.sandbox.wire.plan = undefined
  const [early] = schedules(staged)
  return { staged, early }
}

// The schedule fired while the function that wrote it was gone; Lambda kept its event, and the move was tried again.
test('the grace begins with the move, also for an event that was on its way before it', async () => {
  const { staged, early } = await killedBeforeItsMove({ engineSwitches: { retryDelaysMs: [55 * minute] } })
  const { scene, account } = staged
  await scene.clock.advance(hour + minute)
  expect(holder(staged, 'AWSPREVIOUS')).toBeDefined()
  await retireWith(staged, early && inputOf(early))
  expect(await scene.signingStatus(account.document)).toBe(200)
  await scene.clock.advance(hour)
  expect(await scene.signingStatus(account.document)).toBe(401)
})

// Schedules only remind: no schedule can have sent an event before the grace was over, so a person did.
test('an event that is sent before any schedule could have sent it ends the grace', async () => {
  const staged = await rotated()
  const { scene, account } = staged
  const [schedule] = schedules(staged)
  await scene.clock.advance(10 * minute)
  expect(resultOf(await retireWith(staged, schedule && inputOf(schedule)))).toBe('done')
  expect(await scene.signingStatus(account.document)).toBe(401)
})

// The rotation wrote its schedule and was killed; what it would have superseded has no grace that could end.
test('a rotation that never moved AWSCURRENT ends nothing, also where somebody put another value', async () => {
  const { staged, early } = await killedBeforeItsMove()
  const { scene, arn, account } = staged
  const { publicKey, privateKey } = newKey()
  const { userId } = account
  const { credId } = scene.dfns.addCredential({ userId, name: 'emergency', publicKey })
  const SecretString = JSON.stringify({ ...account.document, credId, privateKey })
  const put = { SecretId: arn, ClientRequestToken: 'e'.repeat(32), SecretString }
  await scene.secretsManager('PutSecretValue', put)
  expect(resultOf(await retireWith(staged, early && inputOf(early)))).toBe('done')
  expect(await scene.signingStatus(account.document)).toBe(200)
})

// The list of AWSCURRENT's identity does not hold the superseded credential: nothing was deactivated.
test('a retirement that deactivated nothing does not claim that it did', async () => {
  const staged = await rotated()
  const { scene, arn, account } = staged
  const { orgId } = account.document
  const SecretString = JSON.stringify(scene.openAccount({ orgId, name: 'emergency' }).document)
  const ClientRequestToken = 'e'.repeat(32)
  await scene.secretsManager('PutSecretValue', { SecretId: arn, ClientRequestToken, SecretString })
  await scene.clock.advance(hour + 10 * minute)
  expect(await scene.signingStatus(account.document)).toBe(200)
  expect(messages(staged)).not.toContain('superseded credential is deactivated')
  expect(deadLetters(staged)).toHaveLength(1)
})

test('the line that says why a retirement failed names secret and versions', async () => {
  const staged = await rotated()
  const [schedule] = schedules(staged)
  await rollBack(staged)
  await staged.scene.clock.advance(hour + 10 * minute)
  const { superseded, promoted } = schedule ? inputOf(schedule) : {}
  const line = retireLog(staged).find(({ level }) => level === 'ERROR')
  expect(line).toMatchObject({ secretId: staged.arn, superseded, promoted })
})

// The version is unknown to Secrets Manager, so the uuids of the event alone decide.
test("D10: a stranger's credential is not touched, whatever uuids an event names", async () => {
  const staged = await rotated()
  const { scene, account } = staged
  const { publicKey } = newKey()
  const laptop = scene.dfns.addCredential({ userId: account.userId, name: 'laptop', publicKey })
  const [schedule] = schedules(staged)
  const what = { credentialUuids: [laptop.credentialUuid] }
  await retireWith(staged, { ...(schedule && inputOf(schedule)), superseded: 'z'.repeat(32), what })
  expect(activeIds(staged)).toContain(laptop.credId)
})

// The grace is counted from LastRotatedDate, which a value put by hand does not change.
test('retireAtNextRotation gives its grace to what was superseded by hand, too', async () => {
  const staged = await rotated({ scheduler: false, rules: { retireAtNextRotation: true } })
  const { scene, arn, account } = staged
  await scene.clock.advance(48 * hour)
  const superseded = await scene.documentOf(arn, 'AWSCURRENT')
  const { publicKey, privateKey } = newKey()
  const { credId } = scene.dfns.addCredential({ userId: account.userId, name: 'emergency', publicKey })
  const SecretString = JSON.stringify({ ...superseded, credId, privateKey })
  const ClientRequestToken = 'e'.repeat(32)
  await scene.secretsManager('PutSecretValue', { SecretId: arn, ClientRequestToken, SecretString })
  await scene.clock.advance(minute)
  await scene.rotate(arn)
  expect(await scene.signingStatus(superseded)).toBe(200)
})

// Somebody else moved AWSCURRENT on, to a version that does not name what is retired: no reason to undo it.
test('a rotation that ends while a retirement runs does not undo it', async () => {
  const staged = await rotated()
  const { scene, arn } = staged
  const secret = scene.sandbox.vault.find(arn)
  const from = holder(staged, 'AWSCURRENT')?.id
  const value = { SecretString: JSON.stringify(await scene.documentOf(arn, 'AWSCURRENT')) }
  scene.sandbox.vault.put({ secret, token: 'e'.repeat(32), labels: ['next'], value })
  let moved = false
  scene.sandbox.wire.plan = ({ operation }) => {
    if (!moved && operation === 'PUT /auth/credentials/deactivate') {
      moved = true
      const to = { moveTo: 'e'.repeat(32), removeFrom: from }
      scene.sandbox.vault.moveLabel({ secret, label: 'AWSCURRENT', ...to })
    }
    return undefined
  }
  await scene.clock.advance(hour + 10 * minute)
  expect(results(staged)).toEqual(['done'])
})
