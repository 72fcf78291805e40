import { describe, expect, test } from 'vitest'
import { type Audit, audit, readOutput } from '../support/audits.ts'
import {
  activeIds,
  away,
  currentId,
  deadLetters,
  hour,
  inputOf,
  minute,
  rotated,
  schedules,
  type Staged,
  stage,
  type StageOptions,
  timeOf,
} from '../support/graces.ts'

/** After the first secrets less than a minute is left. */
const auditTimeoutMs = 60_400

/** So many secrets in which nothing is right, beside the first. */
async function crowd(
  options: StageOptions & { count?: number } = {},
): Promise<Staged & { arns: readonly string[] }> {
  const { count = 10, ...rest } = options
  const staged = await stage({ auditTimeoutMs, ...rest })
  const { scene } = staged
  const Tags = [{ Key: 'dfns-rotator:grace', Value: 'PT1H' }]
  const arns: string[] = []
  for (let index = 0; index < count; index++) {
    const secret = {
      Name: `broken-${index}`,
      SecretString: '{}',
      ClientRequestToken: crypto.randomUUID(),
      Tags,
    }
    arns.push((await scene.secretsManager<{ ARN: string }>('CreateSecret', secret)).ARN)
  }
  return { ...staged, arns: arns.toSorted() }
}

const malformed = ({ findings }: Pick<Audit, 'findings'>) =>
  findings.flatMap(({ type, secretId }) => (type === 'policy-violation' ? [secretId] : []))

const last = ({ log }: Pick<Audit, 'log'>) => log.findLast(({ message }) => message === 'audit done')

/** Moves the clock on, and returns what audit printed meanwhile. */
async function later({ scene }: Staged, ms: number): Promise<Omit<Audit, 'result'>> {
  const output = scene.sandbox.bundled.get(scene.auditArn)?.output ?? []
  const start = output.length
  await scene.clock.advance(ms)
  return readOutput(output.slice(start))
}

describe('with less than a minute left', () => {
  test('it writes a schedule for itself, stops, and goes on after the last secret, until all were seen', async () => {
    const staged = await crowd({ count: 17 })
    const { scene, arns } = staged
    const first = await audit(staged)
    expect(first.result).toBe('done')
    expect(malformed(first)).toEqual(arns.slice(0, 8))
    expect(last(first)).toMatchObject({ secrets: 8, of: 18, isComplete: false })
    const [schedule, ...more] = schedules(staged)
    expect(more).toEqual([])
    const since = new Date(scene.clock.now()).toISOString().slice(0, 19)
    expect(schedule && inputOf(schedule)).toEqual({
      after: arns[7],
      since: expect.stringContaining(since) as string,
    })
    expect(schedule?.settings.Target.Arn).toBe(scene.auditArn)
    expect(schedule && timeOf(schedule) - scene.clock.now()).toBeLessThanOrEqual(2 * minute)
    const rest = await later(staged, 10 * minute)
    expect(malformed(rest)).toEqual(arns.slice(8))
    expect(last(rest)).toMatchObject({ isComplete: true })
    expect([schedules(staged), deadLetters(staged)]).toEqual([[], []])
  })

  test('and nothing left to look at, it is complete', async () => {
    const staged = await crowd({ count: 7 })
    expect(last(await audit(staged))).toMatchObject({ secrets: 8, of: 8, isComplete: true })
    expect(schedules(staged)).toEqual([])
  })

  test.each([
    ['without DFNS_ROTATOR_AUDIT_ARN', { functionEnv: { DFNS_ROTATOR_AUDIT_ARN: '' } }],
    ['without a scheduler', { scheduler: false, rules: { retireAtNextRotation: true } }],
  ])('%s it says that it is not complete', async (_, options) => {
    const staged = await crowd(options)
    const audited = await audit(staged)
    expect(audited.result).toBe('ERR_SCHEDULER')
    expect(malformed(audited)).toHaveLength(8)
    const failure = audited.log.find(({ message }) => message === 'phase failed')
    expect(failure?.['reason']).toContain('there is no scheduler to go on later')
  })
})

describe('killed in the middle', () => {
  test('the next audit finds the same, and no schedule is left', async () => {
    const staged = await crowd()
    const { wire } = staged.scene.sandbox
    let described = 0
    wire.plan = ({ operation }) => {
      described += operation === 'DescribeSecret' ? 1 : 0
      return described === 5 ? 'killed-before' : undefined
    }
    expect((await audit(staged)).result).toBe('Runtime.ExitError')
    wire.plan = undefined
    const first = await audit(staged)
    const rest = await later(staged, 10 * minute)
    expect([...malformed(first), ...malformed(rest)]).toEqual(staged.arns)
    expect(schedules(staged)).toEqual([])
  })

  test.each(['PUT /auth/credentials/deactivate', 'POST /auth/action', 'UpdateSecretVersionStage'])(
    'after %s of a retirement the next audit changes nothing for the worse',
    async (operation) => {
      const staged = await rotated()
      const { scene, account } = staged
      for (const { group, name } of scene.sandbox.scheduler.list())
        scene.sandbox.scheduler.delete({ group, name })
      await scene.clock.advance(3 * hour)
      let signed = 0
      scene.sandbox.wire.plan = (call) => {
        if (call.operation !== operation) return undefined
        signed += 1
        return operation !== 'POST /auth/action' || signed === 2 ? 'killed-after' : undefined
      }
      expect((await audit(staged)).result).toBe('Runtime.ExitError')
      scene.sandbox.wire.plan = undefined
      expect((await audit(staged)).result).toBe('done')
      expect(activeIds(staged)).toEqual([await currentId(staged)])
      expect(await scene.signingStatus(account.document)).toBe(401)
      expect(await scene.signingStatus(await scene.documentOf(staged.arn, 'AWSCURRENT'))).toBe(200)
    },
  )
})

describe('while Dfns is away', () => {
  test('it waits a quarter of an hour each time, and then looks at what it could not', async () => {
    const staged = await stage()
    const { scene } = staged
    const { wire } = scene.sandbox
    wire.plan = ({ service }) => (service === 'dfns' ? away : undefined)
    const first = await audit(staged)
    expect(first.result).toBe('done')
    expect(first.findings).toMatchObject([{ type: 'not-checked', code: 'ERR_DFNS_UNAVAILABLE' }])
    expect(last(first)).toMatchObject({ secrets: 0, isComplete: false })
    const [schedule] = schedules(staged)
    expect(schedule && Math.round((timeOf(schedule) - scene.clock.now()) / minute)).toBe(15)
    expect(schedule && inputOf(schedule)).toEqual({ since: expect.any(String) as string })
    expect(last(await later(staged, 16 * minute))).toMatchObject({ isComplete: false })
    wire.plan = undefined
    const again = await later(staged, 16 * minute)
    expect(again.findings).toEqual([])
    expect(last(again)).toMatchObject({ secrets: 1, isComplete: true })
    expect(schedules(staged)).toEqual([])
  })

  test.each([
    [20 * hour - minute, 'done'],
    [20 * hour + minute, 'ERR_SCHEDULER'],
  ])('since %i ms ago it ends with %s', async (ms, result) => {
    const staged = await stage()
    const { scene } = staged
    scene.sandbox.wire.plan = ({ service }) => (service === 'dfns' ? away : undefined)
    const audited = await audit(staged, { since: new Date(scene.clock.now() - ms).toISOString() })
    expect(audited.result).toBe(result)
    expect(schedules(staged)).toHaveLength(result === 'done' ? 1 : 0)
  })

  test('for one secret of two, the other is looked at and nothing waits', async () => {
    const staged = await stage()
    const { scene, account } = staged
    const other = scene.openAccount({ orgId: account.document.orgId, name: 'other' })
    await scene.keepSecret({ name: 'other', document: other.document })
    const bearer = `Bearer ${account.document.authToken}`
    scene.sandbox.wire.plan = ({ headers }) => (headers['authorization'] === bearer ? away : undefined)
    const audited = await audit(staged)
    expect(audited.findings).toMatchObject([{ type: 'not-checked', secretId: staged.arn }])
    expect(last(audited)).toMatchObject({ secrets: 2, isComplete: true })
    expect(schedules(staged)).toEqual([])
  })
})

test('what Dfns counts as too many is asked again, and everything is looked at', async () => {
  const staged = await stage()
  const tooMany = { reply: { status: 429, headers: { 'retry-after': '0' }, body: '{}' } }
  const counts = new Map<string, number>()
  staged.scene.sandbox.wire.plan = ({ service, operation }) => {
    const count = counts.get(operation) ?? 0
    counts.set(operation, count + 1)
    return service === 'dfns' && count === 0 ? tooMany : undefined
  }
  const audited = await audit(staged)
  expect(audited.findings).toEqual([])
  expect(last(audited)).toMatchObject({ secrets: 1, isComplete: true })
  expect(counts.get('GET /auth/credentials')).toBe(2)
})
