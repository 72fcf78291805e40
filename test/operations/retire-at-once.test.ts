import { describe, expect, test } from 'vitest'
import { credIdOf } from '../../lambdas/crypto/lineage.ts'
import { retireAtOnce } from '../../lambdas/operations/retire-at-once.ts'
import { newKey } from '../../sandbox/scene.ts'
import { theseLambdas } from '../simulation/lambdas.ts'
import { simulatedKinds } from '../simulation/secrets.ts'
import {
  dayMs,
  documentOf,
  held,
  hourMs,
  openSetting,
  operate,
  problemsOf,
  rotatedSetting,
  scheduledVersions,
  type Setting,
  stick,
} from '../simulation/setting.ts'

type Retired = Awaited<ReturnType<typeof retireAtOnce>>

/** The code as it is, and what its commands have returned. */
function listening() {
  const returned: Retired[] = []
  const lambdas = {
    ...theseLambdas,
    retireAtOnce: async (...given: Parameters<typeof retireAtOnce>) => {
      const result = await retireAtOnce(...given)
      returned.push(result)
      return result
    },
  }
  return { returned, lambdas }
}

/** Ids of the credentials of the account that are active. */
function active({ world, arn }: Setting): readonly string[] {
  const { credId } = documentOf({ world, arn }, held({ world, arn }, 'AWSCURRENT'))
  const all = [...world.dfns.state.credentials.values()]
  const userId = all.find(({ credentialId }) => credentialId === credId)?.userId
  return all.filter((one) => one.userId === userId && one.isActive).map(({ credentialId }) => credentialId)
}

const kinds = simulatedKinds.filter((kind) => kind !== 'webhook')

describe.each(kinds)('%s', (kind) => {
  test('inside its grace the superseded generation ends now, and its schedule is gone', async () => {
    const setting = await rotatedSetting({ kind })
    expect(scheduledVersions(setting)).toHaveLength(1)
    expect(await operate(setting, 'retireAtOnce')).toBe('done')
    expect(scheduledVersions(setting)).toEqual([])
    expect(problemsOf(setting)).toEqual([])
    await setting.world.advance(3 * dayMs)
    expect(problemsOf(setting)).toEqual([])
    setting.world.close()
  })
})

test('of several superseded generations all end', async () => {
  const setting = await openSetting()
  const { world, arn } = setting
  for (let n = 0; n < 3; n++) await world.rotateNow(arn)
  expect(scheduledVersions(setting)).toHaveLength(3)
  expect(await operate(setting, 'retireAtOnce')).toBe('done')
  expect(active(setting)).toEqual([documentOf(setting, held(setting, 'AWSCURRENT')).credId])
  expect(problemsOf(setting)).toEqual([])
  world.close()
})

test('a key in use is not held, whatever its tag says', async () => {
  const setting = await rotatedSetting({ tags: { 'dfns-rotator:hold-if-used': 'true' } })
  expect(await operate(setting, 'retireAtOnce')).toBe('done')
  expect(scheduledVersions(setting)).toEqual([])
  expect(problemsOf(setting)).toEqual([])
  setting.world.close()
})

test("what nobody's rotation made is listed and stays; what a person made and we superseded is not", async () => {
  const { returned, lambdas } = listening()
  const setting = await openSetting({ first: 'adopted', lambdas })
  const { world, arn } = setting
  const adopted = documentOf(setting, held(setting, 'AWSCURRENT')).credId ?? ''
  const owner = [...world.dfns.state.credentials.values()].find(
    ({ credentialId }) => credentialId === adopted,
  )
  world.dfns.addCredential({ userId: owner?.userId ?? '', name: 'by hand', publicKey: newKey().publicKey })
  await world.rotateNow(arn)
  expect(await operate(setting, 'retireAtOnce')).toBe('done')
  expect(returned[0]?.retired.map(({ outcome }) => outcome)).toEqual(['retired'])
  expect(returned[0]?.foreign.map(({ name }) => name)).toEqual(['by hand'])
  const foreign = returned[0]?.foreign[0]?.id ?? ''
  const { credId = '' } = documentOf(setting, held(setting, 'AWSCURRENT'))
  expect(new Set(active(setting))).toEqual(new Set([foreign, credId]))
  expect(problemsOf(setting)).toEqual([])
  world.close()
})

test("a credential with another secret's mark is listed: a mark proves nothing", async () => {
  const { returned, lambdas } = listening()
  const setting = await rotatedSetting({ lambdas })
  const { world } = setting
  const { credId } = documentOf(setting, held(setting, 'AWSCURRENT'))
  const owner = [...world.dfns.state.credentials.values()].find(({ credentialId }) => credentialId === credId)
  const marked = Buffer.concat([Buffer.from('dfr1'), Buffer.alloc(28)]).toString('base64url')
  const added = { userId: owner?.userId ?? '', name: 'marked', publicKey: newKey().publicKey, credId: marked }
  world.dfns.addCredential(added)
  expect(await operate(setting, 'retireAtOnce')).toBe('done')
  expect(returned[0]?.foreign.map(({ id }) => id)).toEqual([marked])
  expect(active(setting)).toContain(marked)
  world.close()
})

/** Somebody who holds a key of the account registers another one, under an id with this secret's mark. */
function registered(setting: Setting, token: string): string {
  const { world, arn } = setting
  const { credId } = documentOf(setting, held(setting, 'AWSCURRENT'))
  const owner = [...world.dfns.state.credentials.values()].find(({ credentialId }) => credentialId === credId)
  const marked = credIdOf({ secretArn: arn, token })
  const { publicKey } = newKey()
  world.dfns.addCredential({ userId: owner?.userId ?? '', name: 'marked', publicKey, credId: marked })
  return marked
}

test("the mark of this secret saves nothing that neither a label nor a schedule names: an intruder's", async () => {
  const { returned, lambdas } = listening()
  const setting = await rotatedSetting({ lambdas })
  const marked = registered(setting, 'a rotation that never was')
  expect(await operate(setting, 'retireAtOnce')).toBe('done')
  expect(active(setting)).toEqual([documentOf(setting, held(setting, 'AWSCURRENT')).credId])
  expect(returned[0]?.retired).toContainEqual({ versionId: `of credential ${marked}`, outcome: 'retired' })
  expect(returned[0]).toMatchObject({ left: [], foreign: [], failures: [] })
  setting.world.close()
})

test('what a rotation that begins meanwhile may need is left and named; what is older is not', async () => {
  const { returned, lambdas } = listening()
  const setting = await rotatedSetting({ lambdas })
  const { world } = setting
  const old = registered(setting, 'an old one')
  await world.advance(3 * hourMs)
  const young = registered(setting, 'a young one')
  let hasBegun = false
  world.plan = ({ invocation, request }) => {
    if (hasBegun || invocation.phase !== 'retireAtOnce' || request.operation !== 'GET /auth/credentials')
      return undefined
    hasBegun = true
    return { meanwhile: () => stick(setting, 'testSecret') }
  }
  expect(await operate(setting, 'retireAtOnce')).toBe('done')
  const pending = documentOf(setting, held(setting, 'AWSPENDING')).credId ?? ''
  expect(returned[0]?.left.map(({ id }) => id)).toContain(young)
  expect(active(setting)).toEqual(expect.arrayContaining([pending, young]))
  expect(active(setting)).not.toContain(old)
  world.close()
})

test('what fails keeps nothing else from being told', async () => {
  const { returned, lambdas } = listening()
  const setting = await rotatedSetting({ lambdas })
  const { world } = setting
  const marked = registered(setting, 'one that Dfns keeps')
  const uuid = [...world.dfns.state.credentials.values()].find((one) => one.credentialId === marked)
  world.plan = ({ request }) =>
    request.operation.startsWith('PUT /auth/credentials/') &&
    JSON.stringify(request).includes(uuid?.credentialUuid ?? '')
      ? { reply: { status: 403, headers: {}, body: '{}' } }
      : undefined
  expect(await operate(setting, 'retireAtOnce')).toMatch(/^ERR_/)
  expect(returned[0]?.retired.map(({ outcome }) => outcome)).toEqual(['retired'])
  expect(returned[0]?.left.map(({ id }) => id)).toEqual([marked])
  expect(returned[0]?.failures).toHaveLength(1)
  world.close()
})

test.each(['ListSchedules', 'DescribeSecret'])(
  'where %s fails on the way, strangers and what has our mark are told all the same',
  async (operation) => {
    const { returned, lambdas } = listening()
    const setting = await rotatedSetting({ lambdas })
    const { world } = setting
    const marked = registered(setting, 'of an intruder')
    const owner = [...world.dfns.state.credentials.values()].find((one) => one.credentialId === marked)
    world.dfns.addCredential({ userId: owner?.userId ?? '', name: 'by hand', publicKey: newKey().publicKey })
    let hasListed = false
    world.plan = ({ request }) => {
      hasListed ||= request.operation === 'ListSchedules'
      return hasListed && request.operation === operation ? 'refused' : undefined
    }
    expect(await operate(setting, 'retireAtOnce')).toMatch(/^ERR_(SCHEDULER|STORE)$/)
    expect(returned[0]?.foreign.map(({ name }) => name)).toEqual(['by hand'])
    const told = JSON.stringify([returned[0]?.left, returned[0]?.retired])
    expect(told).toContain(marked)
    world.close()
  },
)

test('a webhook goes when nothing of it is left to deliver, and not before', async () => {
  const setting = await rotatedSetting({ kind: 'webhook' })
  const { world } = setting
  expect(await operate(setting, 'retireAtOnce')).toBe('done')
  expect(scheduledVersions(setting).length).toBeGreaterThan(0)
  await world.advance(26 * hourMs + 6 * hourMs)
  expect(problemsOf(setting)).toEqual([])
  world.close()
})
