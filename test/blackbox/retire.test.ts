import { describe, expect, test } from 'vitest'
import { guideWorld, newKey } from '../../sandbox/scene.ts'
import type { Fault, WireResponse } from '../../sandbox/wire.ts'
import { currentAuthenticates } from '../support/checkers.ts'
import {
  activeIds,
  attempts,
  away,
  currentId,
  day,
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
  timeOf,
  worldOf,
} from '../support/graces.ts'
import { leaksIn, secretsOf } from '../support/leaks.ts'

/** Past the grace of an hour, and not yet at anything later. */
const pastGrace = hour + minute

const token = 'f'.repeat(32)

/** The old key is refused, no label offers it, and nothing is left to be done. */
async function expectRetired(staged: Staged): Promise<void> {
  const { scene, account, arn } = staged
  const current = await scene.documentOf(arn, 'AWSCURRENT')
  expect(await scene.signingStatus(account.document)).toBe(401)
  expect(await scene.signingStatus(current)).toBe(200)
  expect(activeIds(staged)).toEqual([current.credId])
  expect(holder(staged, 'AWSPREVIOUS')).toBeUndefined()
  expect(schedules(staged)).toEqual([])
  expect(deadLetters(staged)).toEqual([])
}

/** Runs the clock past the grace; every attempt of Lambda then ends with this code, and nothing is changed. */
async function expectRefused(staged: Staged, code: string): Promise<void> {
  const before = worldOf(staged)
  await staged.scene.clock.advance(hour + 10 * minute)
  expect(new Set(results(staged))).toEqual(new Set([code]))
  expect(worldOf(staged)).toEqual(before)
  expect(schedules(staged)).toEqual([])
  expect(deadLetters(staged)).toHaveLength(1)
  expect(deadLetters(staged)[0]).toContain(code)
}

const label = (staged: Staged, VersionStage: string, move: { from?: string; to?: string }) =>
  staged.scene.secretsManager('UpdateSecretVersionStage', {
    SecretId: staged.arn,
    VersionStage,
    ...(move.from !== undefined && { RemoveFromVersionId: move.from }),
    ...(move.to !== undefined && { MoveToVersionId: move.to }),
  })

/** An administrator moves AWSCURRENT back to the superseded version. */
async function rollBack(staged: Staged): Promise<void> {
  const from = holder(staged, 'AWSCURRENT')?.id ?? ''
  await label(staged, 'AWSCURRENT', { from, to: holder(staged, 'AWSPREVIOUS')?.id ?? '' })
}

/** The input of the schedule that stands. */
function eventOf(staged: Staged): Record<string, unknown> {
  const [schedule] = schedules(staged)
  if (schedule === undefined) throw new Error('there is no schedule')
  return inputOf(schedule)
}

describe('when its grace is over the superseded credential is refused', () => {
  test('and AWSPREVIOUS is gone, AWSCURRENT works', async () => {
    const staged = await rotated()
    await staged.scene.clock.advance(hour - minute)
    expect(await staged.scene.signingStatus(staged.account.document)).toBe(200)
    await staged.scene.clock.advance(2 * minute)
    await expectRetired(staged)
    expect(results(staged)).toEqual(['done'])
  })

  test('deactivated, not deleted', async () => {
    const staged = await rotated()
    await staged.scene.clock.advance(pastGrace)
    const { credentialUuid, userId } = staged.account
    const old = staged.scene.dfns.credentials({ userId }).find((one) => one.credentialUuid === credentialUuid)
    expect(old).toMatchObject({ isActive: false })
  })

  test('under every uuid, where one id has several', async () => {
    const staged = await stage({ dfnsSwitches: { ...guideWorld, duplicateCredId: 'allow' } })
    const { scene, account, arn } = staged
    const { userId, credId } = account
    scene.dfns.addCredential({ userId, credId, name: 'twin', publicKey: newKey().publicKey })
    await scene.rotate(arn)
    expect(activeIds(staged)).toHaveLength(3)
    await scene.clock.advance(pastGrace)
    await expectRetired(staged)
  })

  test("but no stranger's, on this identity or another", async () => {
    const staged = await stage()
    const { scene, account, arn } = staged
    const { userId, document } = account
    const laptop = scene.dfns.addCredential({ userId, name: 'laptop', publicKey: newKey().publicKey })
    const other = scene.openAccount({ orgId: document.orgId, name: 'other' })
    const otherArn = await scene.keepSecret({
      name: 'other',
      document: other.document,
      tags: { 'dfns-rotator:grace': 'P7D' },
    })
    await scene.rotate(otherArn)
    await scene.rotate(arn)
    await scene.clock.advance(pastGrace)
    expect(activeIds(staged)).toEqual([laptop.credId, await currentId(staged)])
    expect(await scene.signingStatus(other.document)).toBe(200)
    expect(await scene.signingStatus(await scene.documentOf(otherArn, 'AWSCURRENT'))).toBe(200)
    expect(await scene.documentOf(otherArn, 'AWSPREVIOUS')).toMatchObject({ credId: other.credId })
  })

  test('each at its own time, where several rotations lie inside one grace', async () => {
    const staged = await stage({ grace: { default: 'PT6H', adopted: 'PT6H' } })
    const { scene, account, arn } = staged
    const generations = [account.document]
    for (let round = 0; round < 3; round++) {
      await scene.rotate(arn)
      generations.push(await scene.documentOf(arn, 'AWSCURRENT'))
      await scene.clock.advance(hour)
    }
    const alive = async () => Promise.all(generations.map((one) => scene.signingStatus(one)))
    expect(schedules(staged)).toHaveLength(3)
    expect(new Set(schedules(staged).map(({ name }) => name.slice(0, 16))).size).toBe(1)
    expect(await alive()).toEqual([200, 200, 200, 200])
    await scene.clock.advance(3 * hour + minute)
    expect(await alive()).toEqual([401, 200, 200, 200])
    expect(holder(staged, 'AWSPREVIOUS')).toBeDefined()
    await scene.clock.advance(hour)
    expect(await alive()).toEqual([401, 401, 200, 200])
    expect(holder(staged, 'AWSPREVIOUS')).toBeDefined()
    await scene.clock.advance(hour)
    expect(await alive()).toEqual([401, 401, 401, 200])
    await expectRetired(staged)
    expect(results(staged)).toEqual(['done', 'done', 'done'])
  })

  test('where its version is gone from Secrets Manager, too', async () => {
    const staged = await rotated()
    const { scene, arn } = staged
    await scene.clock.advance(pastGrace)
    const own = await scene.documentOf(arn, 'AWSCURRENT')
    await scene.rotate(arn)
    const superseded = String(eventOf(staged)['superseded'])
    await label(staged, 'AWSPREVIOUS', { from: superseded })
    scene.sandbox.vault.find(arn).versions.delete(superseded)
    await scene.clock.advance(pastGrace)
    expect(await scene.signingStatus(own)).toBe(401)
    expect(activeIds(staged)).toEqual([(await scene.documentOf(arn, 'AWSCURRENT')).credId])
  })

  test('where its version and its credential are gone nothing is left to do', async () => {
    const staged = await rotated()
    const superseded = String(eventOf(staged)['superseded'])
    staged.scene.sandbox.vault.find(staged.arn).versions.delete(superseded)
    const event = { ...eventOf(staged), what: { credentialUuids: ['cr-00000-00000-0000000000000000'] } }
    const before = worldOf(staged)
    expect(resultOf(await retireWith(staged, event))).toBe('done')
    expect(worldOf(staged)).toEqual(before)
  })

  test('where a tag has become unreadable meanwhile: the defaults count, and it is said', async () => {
    const staged = await rotated()
    const Tags = ['grace', 'garce', 'hold-if-used'].map((name) => ({
      Key: `dfns-rotator:${name}`,
      Value: 'soon',
    }))
    await staged.scene.secretsManager('TagResource', { SecretId: staged.arn, Tags })
    await staged.scene.clock.advance(pastGrace)
    await expectRetired(staged)
    expect(messages(staged)).toContain('a tag is not understood, the defaults count')
  })

  test('where rotation was turned off meanwhile', async () => {
    const staged = await rotated()
    await staged.scene.secretsManager('CancelRotateSecret', { SecretId: staged.arn })
    await staged.scene.clock.advance(pastGrace)
    await expectRetired(staged)
  })

  test('where AWSPREVIOUS stands elsewhere it stays there', async () => {
    const staged = await rotated()
    const { scene, arn } = staged
    const superseded = String(eventOf(staged)['superseded'])
    const secret = scene.sandbox.vault.find(arn)
    const value = { SecretString: JSON.stringify(await scene.documentOf(arn, 'AWSCURRENT')) }
    scene.sandbox.vault.put({ secret, token, labels: ['kept'], value })
    await label(staged, 'AWSPREVIOUS', { from: superseded, to: token })
    await scene.clock.advance(pastGrace)
    expect(holder(staged, 'AWSPREVIOUS')?.id).toBe(token)
    expect(activeIds(staged)).toEqual([await currentId(staged)])
  })

  test.each(['in-turn', 'at-once'] as const)(
    'where the event is delivered twice, %s',
    async (deliversTwice) => {
      const staged = await rotated({ asyncSwitches: { deliversTwice } })
      await staged.scene.clock.advance(pastGrace)
      await expectRetired(staged)
      const { userId } = staged.account
      const kinds = staged.scene.dfns.effects({ userId }).map(({ kind }) => kind)
      expect(kinds.filter((kind) => kind === 'credential activated')).toEqual([])
    },
  )

  test('and once more changes nothing more', async () => {
    const staged = await rotated()
    const event = eventOf(staged)
    await staged.scene.clock.advance(pastGrace)
    const before = worldOf(staged)
    expect(resultOf(await retireWith(staged, event))).toBe('done')
    expect(worldOf(staged)).toEqual(before)
  })
})

describe('a retirement that fires before AWSCURRENT has moved', () => {
  test('does nothing, and the schedule is written anew before the move', async () => {
    const staged = await stage({ engineSwitches: { retryDelaysMs: [3 * hour] } })
    const { scene, arn, account } = staged
    scene.sandbox.wire.plan = ({ operation }) =>
      operation === 'UpdateSecretVersionStage' ? 'killed-before' : undefined
    await scene.rotate(arn)
    scene.sandbox.wire.plan = undefined
    const before = worldOf(staged)
    await scene.clock.advance(2 * hour)
    expect(results(staged)).toEqual(['done'])
    expect(worldOf(staged)).toEqual(before)
    expect(schedules(staged)).toEqual([])
    await scene.clock.advance(hour + minute)
    expect(outcomes(staged).at(-1)).toBe('finishSecret')
    expect(schedules(staged)).toHaveLength(1)
    expect(await scene.signingStatus(account.document)).toBe(200)
    await scene.clock.advance(hour)
    await expectRetired(staged)
  })
})

describe('a credential that a label names is not deactivated', () => {
  test('AWSCURRENT, moved back by hand', async () => {
    const staged = await rotated()
    await rollBack(staged)
    expect(await currentId(staged)).toBe(staged.account.credId)
    await expectRefused(staged, 'ERR_RETIRE_REFUSED')
    expect(await staged.scene.signingStatus(staged.account.document)).toBe(200)
  })

  test('AWSCURRENT, in another version than the one that was superseded', async () => {
    const staged = await rotated()
    const { scene, arn, account } = staged
    const SecretString = JSON.stringify({ ...account.document, note: 'put back' })
    const put = { SecretId: arn, ClientRequestToken: token, SecretString }
    await scene.secretsManager('PutSecretValue', put)
    await expectRefused(staged, 'ERR_RETIRE_REFUSED')
  })

  test('AWSPENDING', async () => {
    const staged = await rotated({ engineSwitches: { reattemptsStuckPending: false } })
    const { scene, arn, account } = staged
    const value = { SecretString: JSON.stringify(account.document) }
    scene.sandbox.vault.put({ secret: scene.sandbox.vault.find(arn), token, labels: ['AWSPENDING'], value })
    await expectRefused(staged, 'ERR_RETIRE_REFUSED')
    expect(await scene.signingStatus(account.document)).toBe(200)
  })

  test.each(['"credId":', '%s in a field of its own'])('AWSPENDING that cannot be read: %s', async (text) => {
    const staged = await rotated({ engineSwitches: { reattemptsStuckPending: false } })
    const { scene, arn, account } = staged
    const value = { SecretString: `{${text.replace('%s', '')} ${account.credId}` }
    scene.sandbox.vault.put({ secret: scene.sandbox.vault.find(arn), token, labels: ['AWSPENDING'], value })
    await expectRefused(staged, 'ERR_RETIRE_REFUSED')
  })

  test('AWSCURRENT, by the time that it was deactivated: it is activated again', async () => {
    const staged = await rotated()
    const { scene, arn, account } = staged
    const secret = scene.sandbox.vault.find(arn)
    const [from, to] = [holder(staged, 'AWSCURRENT')?.id, holder(staged, 'AWSPREVIOUS')?.id ?? '']
    let moved = false
    scene.sandbox.wire.plan = ({ operation }) => {
      if (!moved && operation === 'PUT /auth/credentials/deactivate') {
        moved = true
        scene.sandbox.vault.moveLabel({ secret, label: 'AWSCURRENT', removeFrom: from, moveTo: to })
      }
      return undefined
    }
    await scene.clock.advance(pastGrace)
    expect(results(staged)[0]).toBe('ERR_RETIRE_UNDONE')
    expect(await currentId(staged)).toBe(account.credId)
    expect(await scene.signingStatus(account.document)).toBe(200)
  })
})

describe('while AWSCURRENT is not proved, nothing is deactivated', () => {
  test('its credential was deactivated at Dfns', async () => {
    const staged = await rotated()
    const { scene, account } = staged
    const { credentialUuid = '' } = scene.dfns.credentials({ userId: account.userId }).at(-1) ?? {}
    scene.dfns.setCredentialActive({ credentialUuid, isActive: false })
    await expectRefused(staged, 'ERR_VERIFY')
    expect(await scene.signingStatus(account.document)).toBe(200)
  })

  test('its token was deactivated at Dfns', async () => {
    const staged = await rotated()
    staged.scene.dfns.setTokenActive({ tokenId: staged.account.tokenId, isActive: false })
    await expectRefused(staged, 'ERR_TOKEN_EXPIRED')
  })

  test.each([
    ['a key that Dfns does not know', { privateKey: newKey().privateKey }, 'ERR_VERIFY'],
    ['no key', { privateKey: undefined }, 'ERR_DOCUMENT'],
    ['another origin', { baseUrl: 'https://api.dfns.io' }, 'ERR_BASE_URL'],
    ['another organisation', { orgId: 'or-other' }, 'ERR_ORG'],
  ])('it was put by hand, with %s', async (_, change, code) => {
    const staged = await rotated()
    const { scene, arn } = staged
    const SecretString = JSON.stringify({ ...(await scene.documentOf(arn, 'AWSCURRENT')), ...change })
    await scene.secretsManager('PutSecretValue', { SecretId: arn, ClientRequestToken: token, SecretString })
    await expectRefused(staged, code)
  })

  test('the policy does not allow it any more', async () => {
    const staged = await rotated()
    const parameter = { name: '/dfns-rotator/policy', type: 'String', overwrite: true } as const
    staged.scene.sandbox.parameters.put({ ...parameter, value: '{"allowedOrgIds":["or-other"]}' })
    await expectRefused(staged, 'ERR_BASE_URL')
  })
})

describe('a retirement that must wait writes a schedule for its own successor, and returns', () => {
  const downUntil = (staged: Staged, time: number, fault: Fault = away) => {
    const { clock, sandbox } = staged.scene
    sandbox.wire.plan = ({ service }) => (service === 'dfns' && clock.now() < time ? fault : undefined)
  }

  test('Dfns is down for three hours: it happens after it is back, and nothing is lost', async () => {
    const staged = await rotated()
    const { scene, account } = staged
    const end = scene.clock.now() + 4 * hour
    const [{ name } = { name: '' }] = schedules(staged)
    const ofSecret = name.slice(0, 17)
    downUntil(staged, end)
    const seen: string[] = []
    let last = scene.clock.now() + hour
    const waits: number[] = []
    while (scene.clock.now() < end) {
      await scene.clock.advance(5 * minute)
      const [standing] = schedules(staged)
      expect(schedules(staged)).toHaveLength(1)
      if (standing === undefined || standing.name === seen.at(-1) || standing.name === name) continue
      seen.push(standing.name)
      waits.push(Math.floor((timeOf(standing) - last) / minute))
      last = timeOf(standing)
    }
    expect(seen.map((one) => [one.slice(0, 17), one.slice(42)])).toEqual(
      ['1', '2', '3', '4'].map((attempt) => [ofSecret, attempt]),
    )
    expect(waits).toEqual([15, 30, 60, 120])
    expect(await scene.signingStatus(account.document)).toBe(200)
    await scene.clock.advance(2 * hour)
    await expectRetired(staged)
    expect(new Set(results(staged))).toEqual(new Set(['done']))
    expect(attempts(staged)).toHaveLength(5)
  })

  test('its input is the input, and tells how often and since when', async () => {
    const staged = await rotated()
    const event = eventOf(staged)
    downUntil(staged, Number.POSITIVE_INFINITY)
    await staged.scene.clock.advance(pastGrace)
    const since = expect.stringMatching(/^2026-01-05T01:00:\d\d\.\d{3}Z$/) as unknown
    expect(eventOf(staged)).toStrictEqual({ ...event, attempt: 1, since, held: false })
    const { since: first } = eventOf(staged)
    await staged.scene.clock.advance(20 * minute)
    expect(eventOf(staged)).toStrictEqual({ ...event, attempt: 2, since: first, held: false })
  })

  test('14 days without Dfns: six hours at the most, then the dead-letter queue, and nothing is changed', async () => {
    const staged = await rotated()
    const { scene } = staged
    downUntil(staged, Number.POSITIVE_INFINITY)
    const before = worldOf(staged)
    await scene.clock.advance(hour + 14 * day + hour)
    const times = attempts(staged).map(({ at }) => at)
    const pauses = times.slice(1).map((at, index) => Math.floor((at - (times[index] ?? 0)) / minute))
    expect(pauses.slice(0, 5)).toEqual([15, 30, 60, 120, 240])
    expect(new Set(pauses.slice(5, -2))).toEqual(new Set([360]))
    expect(results(staged).slice(-3)).toEqual(Array(3).fill('ERR_DFNS_UNAVAILABLE'))
    expect(new Set(results(staged).slice(0, -3))).toEqual(new Set(['done']))
    expect(schedules(staged)).toEqual([])
    expect(deadLetters(staged)).toHaveLength(1)
    expect(deadLetters(staged)[0]).toContain('RetriesExhausted')
    expect(worldOf(staged)).toEqual(before)
  })

  test.each<readonly [string, Fault]>([
    ['throttled', 'throttled'],
    ['unreachable', 'lost-before'],
  ])('Secrets Manager is %s', async (_, fault) => {
    const staged = await rotated()
    const { clock, sandbox } = staged.scene
    const end = clock.now() + hour + 10 * minute
    sandbox.wire.plan = ({ service }) =>
      service === 'secretsmanager' && clock.now() < end ? fault : undefined
    await clock.advance(pastGrace)
    expect(schedules(staged)).toHaveLength(1)
    await clock.advance(hour)
    await expectRetired(staged)
  })

  test('a deactivation that waits for an approval', async () => {
    const staged = await rotated()
    const { scene, account } = staged
    const { orgId } = account.document
    const approval = { create: false, activate: false, deactivate: true }
    scene.dfns.setSwitches({ orgId, switches: { approval } })
    await scene.clock.advance(pastGrace)
    expect(schedules(staged)).toHaveLength(1)
    scene.dfns.setSwitches({ orgId, switches: { approval: { ...approval, deactivate: false } } })
    await scene.clock.advance(hour)
    await expectRetired(staged)
  })

  test('the second proof is not answered: the next attempt gives it', async () => {
    const staged = await rotated()
    const { clock, sandbox } = staged.scene
    const end = clock.now() + hour + 10 * minute
    let deactivated = false
    sandbox.wire.plan = ({ service, operation }) => {
      const isDown = deactivated && service === 'dfns' && clock.now() < end
      deactivated ||= operation === 'PUT /auth/credentials/deactivate'
      return isDown ? away : undefined
    }
    await clock.advance(pastGrace)
    expect(schedules(staged)).toHaveLength(1)
    expect(holder(staged, 'AWSPREVIOUS')).toBeDefined()
    await clock.advance(hour)
    await expectRetired(staged)
  })

  test('where the scheduler fails as well, Lambda tries again', async () => {
    const staged = await rotated()
    const { clock, sandbox } = staged.scene
    const end = clock.now() + hour + 90_000
    sandbox.wire.plan = ({ service }) => {
      if (clock.now() >= end) return undefined
      return service === 'dfns' ? away : service === 'scheduler' ? 'refused' : undefined
    }
    await clock.advance(hour + 10 * minute)
    expect(results(staged)).toEqual(['ERR_SCHEDULER', 'ERR_SCHEDULER', 'done'])
    await expectRetired(staged)
  })

  test('its name is taken, after a reply was lost: it is written over', async () => {
    const staged = await rotated()
    const { clock, sandbox } = staged.scene
    let killed = false
    sandbox.wire.plan = ({ service, operation }) => {
      if (service === 'dfns' && clock.now() < Date.parse('2026-01-05T01:10:00Z')) return away
      if (killed || operation !== 'CreateSchedule') return undefined
      killed = true
      return 'killed-after'
    }
    await clock.advance(hour + 5 * minute)
    expect(results(staged)).toEqual(['Runtime.ExitError', 'done'])
    expect(schedules(staged).map(inputOf)).toMatchObject([{ attempt: 1 }])
    await clock.advance(hour)
    await expectRetired(staged)
  })
})

describe('a token that dies with its credential', () => {
  test('is given its credential back, and the retirement says so: AWSCURRENT works', async () => {
    const staged = await rotated({ dfnsSwitches: { ...guideWorld, tokenDiesWithItsCredential: true } })
    const { scene, account, arn } = staged
    await scene.clock.advance(hour + 10 * minute)
    expect(new Set(results(staged))).toEqual(new Set(['ERR_RETIRE_UNDONE']))
    expect(currentAuthenticates(scene, arn)).toBe(true)
    expect(await scene.signingStatus(await scene.documentOf(arn, 'AWSCURRENT'))).toBe(200)
    expect(await scene.signingStatus(account.document)).toBe(200)
    expect(activeIds(staged)).toEqual([account.credId, await currentId(staged)])
    expect(holder(staged, 'AWSPREVIOUS')).toBeDefined()
    expect(schedules(staged)).toEqual([])
    expect(deadLetters(staged)).toHaveLength(1)
    expect(deadLetters(staged)[0]).toContain('ERR_RETIRE_UNDONE')
  })
})

describe("Dfns's audit log tells whether the old key is still used", () => {
  const json = (status: number, body: unknown): WireResponse => ({
    status,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  const answering = (staged: Staged, reply: WireResponse) => {
    staged.scene.sandbox.wire.plan = ({ operation }) =>
      operation.startsWith('GET /auth/action/logs') ? { reply } : undefined
  }
  const usedBy = (id: string) =>
    json(200, { items: [{ action: 'Wallets:Transfers:Create', credential: id }] })
  const held = { 'dfns-rotator:hold-if-used': 'true' }
  const warning = 'the superseded credential was used a short while ago'

  test('it is asked for the last hour of this identity', async () => {
    const staged = await rotated()
    await staged.scene.clock.advance(pastGrace)
    const paths = staged.scene.sandbox.wire.calls
      .map(({ request }) => request.path)
      .filter((path) => path.startsWith('/auth/action/logs'))
    expect(paths.length).toBeGreaterThan(0)
    const query = new URL(paths[0] ?? '', 'http://x').searchParams
    expect(query.get('userId')).toBe(staged.account.userId)
    const [from, to] = ['startTime', 'endTime'].map((name) => Date.parse(query.get(name) ?? ''))
    expect((to ?? 0) - (from ?? 0)).toBeGreaterThanOrEqual(hour)
    expect((to ?? 0) - (from ?? 0)).toBeLessThan(hour + minute)
  })

  test('it is not asked where there is no grace, in which anybody could have used it', async () => {
    const staged = await rotated({ tags: { ...held, 'dfns-rotator:grace': 'PT0S' } })
    answering(staged, usedBy(staged.account.credId))
    await staged.scene.clock.advance(6 * minute)
    await expectRetired(staged)
    const operations = staged.scene.sandbox.wire.calls.map(({ request }) => request.operation)
    expect(operations.filter((operation) => operation.startsWith('GET /auth/action/logs'))).toEqual([])
    expect(messages(staged)).not.toContain(warning)
  })

  test('used, and no tag: it is said, and the key is retired', async () => {
    const staged = await rotated()
    answering(staged, usedBy(staged.account.credId))
    await staged.scene.clock.advance(pastGrace)
    await expectRetired(staged)
    expect(retireLog(staged)).toContainEqual(expect.objectContaining({ level: 'WARN', message: warning }))
  })

  const unreadable: readonly (readonly [string, WireResponse])[] = [
    ['that fails', json(503, {})],
    ['of two megabytes', json(200, { items: ['x'.repeat(2_000_000)] })],
    ['of twenty megabytes', json(200, { items: ['x'.repeat(20_000_000)] })],
    ['of another form', json(200, 'nothing that is known')],
  ]

  test.each(unreadable)('a log %s keeps no key active', async (_, reply) => {
    const staged = await rotated()
    answering(staged, reply)
    await staged.scene.clock.advance(pastGrace)
    await expectRetired(staged)
  })

  test.each(['credId', 'credentialUuid'] as const)(
    'used, by its %s, and hold-if-used: it waits one more grace, once',
    async (by) => {
      const staged = await rotated({ tags: held })
      const { scene, account } = staged
      const [{ name } = { name: '' }] = schedules(staged)
      const event = eventOf(staged)
      answering(staged, usedBy(account[by]))
      await scene.clock.advance(pastGrace)
      expect(schedules(staged).map((one) => one.name.slice(0, 17))).toEqual([name.slice(0, 17)])
      expect(schedules(staged)[0]?.name).toMatch(/-held$/)
      expect(eventOf(staged)).toStrictEqual({ ...event, attempt: 0, held: true })
      const [standing] = schedules(staged)
      expect(
        Math.floor(((standing ? timeOf(standing) : 0) - Date.parse('2026-01-05T00:00:00Z')) / hour),
      ).toBe(2)
      expect(await scene.signingStatus(account.document)).toBe(200)
      await scene.clock.advance(hour + minute)
      await expectRetired(staged)
      expect(messages(staged).filter((message) => message === warning)).toHaveLength(2)
    },
  )

  test('used by another credential, and hold-if-used: it is retired at once', async () => {
    const staged = await rotated({ tags: held })
    answering(staged, usedBy(await currentId(staged)))
    await staged.scene.clock.advance(pastGrace)
    await expectRetired(staged)
    expect(messages(staged)).not.toContain(warning)
  })

  test.each([401, 403, 404])('it may not be read (%i), and hold-if-used: it is retired', async (status) => {
    const staged = await rotated({ tags: held })
    answering(staged, json(status, { error: { message: 'no' } }))
    await staged.scene.clock.advance(pastGrace)
    await expectRetired(staged)
    expect(messages(staged)).toContainEqual(expect.stringContaining('cannot be read'))
  })

  test('it does not answer, and hold-if-used: the retirement waits', async () => {
    const staged = await rotated({ tags: held })
    answering(staged, away.reply)
    await staged.scene.clock.advance(pastGrace)
    expect(schedules(staged)).toHaveLength(1)
    staged.scene.sandbox.wire.plan = undefined
    await staged.scene.clock.advance(hour)
    await expectRetired(staged)
  })

  test('held, and then Dfns away: both waits end', async () => {
    const staged = await rotated({ tags: held })
    const { clock, sandbox } = staged.scene
    const from = clock.now() + 90 * minute
    const reply = usedBy(staged.account.credId)
    sandbox.wire.plan = ({ service, operation }) => {
      if (service === 'dfns' && clock.now() > from && clock.now() < from + hour) return away
      return operation.startsWith('GET /auth/action/logs') ? { reply } : undefined
    }
    await clock.advance(2 * hour + 5 * minute)
    expect(schedules(staged).map(inputOf)).toMatchObject([{ held: true, attempt: 1 }])
    await clock.advance(2 * hour)
    await expectRetired(staged)
  })
})

describe('a secret that is gone', () => {
  test('marked for deletion: ERR_SECRET_GONE, and nothing is changed', async () => {
    const staged = await rotated()
    await staged.scene.secretsManager('DeleteSecret', { SecretId: staged.arn })
    await expectRefused(staged, 'ERR_SECRET_GONE')
  })

  test('deleted: ERR_SECRET_GONE', async () => {
    const staged = await rotated()
    const { scene, arn, account } = staged
    await scene.secretsManager('DeleteSecret', { SecretId: arn, ForceDeleteWithoutRecovery: true })
    await scene.clock.advance(hour + 10 * minute)
    expect(new Set(results(staged))).toEqual(new Set(['ERR_SECRET_GONE']))
    expect(deadLetters(staged)).toHaveLength(1)
    expect(await scene.signingStatus(account.document)).toBe(200)
  })
})

describe('an event that is no retirement of this release is refused before anything is called', () => {
  const event = {
    v: 1,
    secretArn: 'arn:aws:secretsmanager:eu-west-1:000000000000:secret:x-abcdef',
    kind: 'ServiceAccountKey',
    superseded: 'a'.repeat(32),
    promoted: 'b'.repeat(32),
    what: { credentialUuids: ['cr-1'] },
  }
  test.each([
    ['a later version', { ...event, v: 2 }],
    ['no version', { ...event, v: undefined }],
    ['no secret', { ...event, secretArn: undefined }],
    ["another service's ARN", { ...event, secretArn: 'arn:aws:ssm:eu-west-1:000000000000:parameter/x' }],
    ['no superseded version', { ...event, superseded: undefined }],
    ['a short version id', { ...event, promoted: 'b' }],
    ['nothing to retire', { ...event, what: undefined }],
    ['what no kind has', { ...event, what: { userId: 'us-1' } }],
    ['a malformed uuid', { ...event, what: { credentialUuids: ['../x'] } }],
    ['a negative attempt', { ...event, attempt: -1 }],
    ['a malformed date', { ...event, since: 'yesterday' }],
    ["a rotation's", { Step: 'finishSecret', SecretId: event.secretArn, ClientRequestToken: 'c'.repeat(32) }],
    ["the scheduler's own", { version: '0', 'detail-type': 'Scheduled Event', detail: '{}' }],
    ['nothing', null],
    ['a list', [event]],
    ['a text', 'retire'],
  ])('%s', async (_, bad) => {
    const staged = await stage({ scheduler: true })
    const before = staged.scene.sandbox.wire.calls.length
    expect(resultOf(await retireWith(staged, bad))).toBe('ERR_EVENT_INVALID')
    expect(staged.scene.sandbox.wire.calls).toHaveLength(before)
  })

  test('what a later release of version 1 may add is ignored', async () => {
    const staged = await rotated()
    const event = { ...eventOf(staged), more: { of: 'it' } }
    for (const { group, name } of schedules(staged)) staged.scene.sandbox.scheduler.delete({ group, name })
    expect(resultOf(await retireWith(staged, event))).toBe('done')
    expect(activeIds(staged)).toEqual([await currentId(staged)])
  })

  test("a rotation's event of the retire function's, and the other way round", async () => {
    const staged = await rotated()
    const rotate = staged.scene.sandbox.bundled.get(staged.scene.functionArn)
    expect(resultOf(await rotate?.invoke(eventOf(staged)))).toBe('ERR_EVENT_INVALID')
  })
})

describe('nothing secret', () => {
  test('stands in a schedule, an asynchronous result, the dead-letter queue, or what retire prints', async () => {
    const staged = await rotated({ dfnsSwitches: { ...guideWorld, tokenDiesWithItsCredential: true } })
    const { scene, arn } = staged
    const inputs = schedules(staged).map((schedule) => JSON.stringify(schedule))
    await scene.clock.advance(hour + 10 * minute)
    const documents = [...scene.sandbox.vault.find(arn).versions.values()].flatMap(({ value }) =>
      value && 'SecretString' in value ? [value.SecretString] : [],
    )
    const secrets = secretsOf({ calls: scene.sandbox.wire.calls, documents })
    const reported = attempts(staged).map((attempt) => JSON.stringify(attempt))
    const printed = retireLog(staged).map((line) => JSON.stringify(line))
    expect(secrets.traces.size).toBeGreaterThan(8)
    expect(inputs.length * reported.length * deadLetters(staged).length * printed.length).toBeGreaterThan(0)
    const texts = [...inputs, ...reported, ...deadLetters(staged), ...printed]
    expect(texts.flatMap((text) => leaksIn(text, secrets))).toEqual([])
  })

  test('every line that retire prints is one JSON object that names secret and versions', async () => {
    const staged = await rotated()
    const { superseded, promoted } = eventOf(staged)
    await staged.scene.clock.advance(pastGrace)
    expect(retireLog(staged).length).toBeGreaterThan(1)
    for (const line of retireLog(staged))
      expect(line).toMatchObject({ secretId: staged.arn, superseded, promoted })
  })
})
