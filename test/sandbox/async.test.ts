import { fileURLToPath } from 'node:url'
import { describe, expect, it, onTestFinished } from 'vitest'
import { createClock } from '../../sandbox/clock.ts'
import { type AsyncSwitches, createAsyncInvocations } from '../../sandbox/lambda/async.ts'
import type { InvocationResult, LambdaFunction } from '../../sandbox/lambda/invocation.ts'
import { createQueues } from '../../sandbox/queues.ts'
import { startSandbox } from '../../sandbox/sandbox.ts'

const ARN = 'arn:aws:lambda:eu-west-1:000000000000:function:retire'
const QUEUE = 'arn:aws:sqs:eu-west-1:000000000000:dead-letters'
const SECOND = 1000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE

const works: InvocationResult = { ok: true, payload: 'done' }
const fails: InvocationResult = { ok: false, errorType: 'ERR_DFNS_UNAVAILABLE', errorMessage: 'no answer' }

/** A function that answers with `results` in turn, the last one for ever; runs are noted in seconds. */
function createQueue(
  results: readonly [InvocationResult, ...InvocationResult[]],
  switches?: Partial<AsyncSwitches>,
) {
  const clock = createClock()
  const start = clock.now()
  const queues = createQueues(clock)
  const functions = new Map<string, LambdaFunction>()
  const invocations = createAsyncInvocations({
    clock,
    functions,
    queues,
    ...(switches && { switches }),
  })
  const runs: number[] = []
  const events: unknown[] = []
  const invoke: LambdaFunction['invoke'] = async (event) => {
    events.push(event)
    runs.push((clock.now() - start) / SECOND)
    await Promise.resolve()
    return results[Math.min(runs.length, results.length) - 1] ?? works
  }
  functions.set(ARN, { arn: ARN, invoke })
  const records = () => queues.messages(QUEUE).map(({ body }) => JSON.parse(body) as unknown)
  return { clock, start, queues, functions, invocations, runs, events, records }
}

describe('an asynchronous invocation', () => {
  it('is queued first, and run with the event on the next advance', async () => {
    const { invocations, clock, runs, events } = createQueue([works])
    const requestId = invocations.invoke({ arn: ARN, event: { v: 1 } })
    expect(requestId).toMatch(/^[0-9a-f-]{36}$/)
    expect(runs).toEqual([])
    await clock.advance(0)
    expect(runs).toEqual([0])
    expect(events).toEqual([{ v: 1 }])
  })

  it('that succeeds is not repeated, and tells no destination', async () => {
    const { invocations, clock, runs, records } = createQueue([works])
    invocations.configure({ arn: ARN, onFailure: QUEUE })
    invocations.invoke({ arn: ARN, event: {} })
    await clock.advance(HOUR)
    expect(runs).toEqual([0])
    expect(records()).toEqual([])
  })

  it('that fails is repeated after one minute, and again after two, then dropped', async () => {
    const { invocations, clock, runs, events } = createQueue([fails])
    invocations.invoke({ arn: ARN, event: { v: 1 } })
    await clock.advance(24 * HOUR)
    expect(runs).toEqual([0, 60, 180])
    expect(events).toEqual([{ v: 1 }, { v: 1 }, { v: 1 }])
  })

  it('ends with the first attempt that succeeds', async () => {
    const { invocations, clock, runs, records } = createQueue([fails, works])
    invocations.configure({ arn: ARN, onFailure: QUEUE })
    invocations.invoke({ arn: ARN, event: {} })
    await clock.advance(HOUR)
    expect(runs).toEqual([0, 60])
    expect(records()).toEqual([])
  })

  it('counts an error that is thrown as a failure', async () => {
    const { invocations, clock, functions, records } = createQueue([works])
    const invoke = () => Promise.reject(new TypeError('it broke'))
    functions.set(ARN, { arn: ARN, invoke })
    invocations.configure({ arn: ARN, onFailure: QUEUE, maximumRetryAttempts: 0 })
    invocations.invoke({ arn: ARN, event: {} })
    await clock.advance(0)
    expect(records()).toMatchObject([
      { responsePayload: { errorType: 'TypeError', errorMessage: 'it broke' } },
    ])
  })

  it.each([
    [0, [0]],
    [1, [0, 60]],
    [2, [0, 60, 180]],
  ])('is retried %i times when MaximumRetryAttempts says so', async (maximumRetryAttempts, expected) => {
    const { invocations, clock, runs, records } = createQueue([fails])
    invocations.configure({ arn: ARN, onFailure: QUEUE, maximumRetryAttempts })
    invocations.invoke({ arn: ARN, event: {} })
    await clock.advance(HOUR)
    expect(runs).toEqual(expected)
    expect(records()).toMatchObject([
      { requestContext: { condition: 'RetriesExhausted', approximateInvokeCount: expected.length } },
    ])
  })

  it('has retry delays that are a switch', async () => {
    const { invocations, clock, runs } = createQueue([fails], { retryDelaysMs: [5 * SECOND] })
    invocations.invoke({ arn: ARN, event: {} })
    await clock.advance(HOUR)
    expect(runs).toEqual([0, 5, 10])
  })

  it('given up is recorded at the on-failure destination as Lambda documents it', async () => {
    const { invocations, clock, records, queues } = createQueue([fails])
    invocations.configure({ arn: ARN, onFailure: QUEUE })
    const requestId = invocations.invoke({ arn: ARN, event: { v: 1 } })
    await clock.advance(HOUR)
    expect(records()).toEqual([
      {
        version: '1.0',
        timestamp: '2026-01-05T00:03:00.000Z',
        requestContext: {
          requestId,
          functionArn: `${ARN}:$LATEST`,
          condition: 'RetriesExhausted',
          approximateInvokeCount: 3,
        },
        requestPayload: { v: 1 },
        responseContext: { statusCode: 200, executedVersion: '$LATEST', functionError: 'Unhandled' },
        responsePayload: { errorType: 'ERR_DFNS_UNAVAILABLE', errorMessage: 'no answer' },
      },
    ])
    expect(queues.messages(QUEUE)).toMatchObject([
      { sentAt: Date.parse('2026-01-05T00:03:00Z'), attributes: {} },
    ])
  })

  it.each([
    [60, [0, 60], 60],
    [90, [0, 60], 90],
    [180, [0, 60, 180], 180],
  ])('is given up at the age of %i s', async (maximumEventAgeInSeconds, expected, age) => {
    const { invocations, clock, runs, records, queues, start } = createQueue([fails])
    invocations.configure({ arn: ARN, onFailure: QUEUE, maximumEventAgeInSeconds })
    invocations.invoke({ arn: ARN, event: {} })
    await clock.advance(HOUR)
    expect(runs).toEqual(expected)
    const condition = expected.length === 3 ? 'RetriesExhausted' : 'EventAgeExceeded'
    expect(records()).toMatchObject([
      { requestContext: { condition, approximateInvokeCount: expected.length } },
    ])
    expect(queues.messages(QUEUE)[0]?.sentAt).toBe(start + age * SECOND)
  })

  it('of a function that is not there is refused', () => {
    const { invocations, clock } = createQueue([works])
    expect(invocations.invoke({ arn: `${ARN}-unknown`, event: {} })).toBeUndefined()
    expect(clock.next()).toBeUndefined()
  })

  it('is lost with a function that is removed while it waits', async () => {
    const { invocations, clock, runs, functions, records } = createQueue([fails])
    invocations.configure({ arn: ARN, onFailure: QUEUE })
    invocations.invoke({ arn: ARN, event: {} })
    await clock.advance(30 * SECOND)
    functions.delete(ARN)
    await clock.advance(HOUR)
    expect(runs).toEqual([0])
    expect(records()).toEqual([])
  })

  it.each(['in-turn', 'at-once'] as const)('may be delivered twice, %s', async (deliversTwice) => {
    const { invocations, clock, events } = createQueue([works], { deliversTwice })
    invocations.invoke({ arn: ARN, event: { v: 1 } })
    await clock.advance(HOUR)
    expect(events).toEqual([{ v: 1 }, { v: 1 }])
  })

  it('delivered twice at once is under way twice', async () => {
    const { invocations, clock, functions } = createQueue([works], { deliversTwice: 'at-once' })
    let atWork = 0
    let most = 0
    const invoke: LambdaFunction['invoke'] = async () => {
      most = Math.max(most, ++atWork)
      await Promise.resolve()
      atWork -= 1
      return works
    }
    functions.set(ARN, { arn: ARN, invoke })
    invocations.invoke({ arn: ARN, event: {} })
    await clock.advance(0)
    expect(most).toBe(2)
  })

  it('tells of each attempt as it ends', async () => {
    const { invocations, clock } = createQueue([fails, works])
    const requestId = invocations.invoke({ arn: ARN, event: { v: 1 } })
    await clock.advance(HOUR)
    const base = { arn: ARN, requestId, event: { v: 1 } }
    const start = Date.parse('2026-01-05T00:00:00Z')
    expect(invocations.attempts.items).toEqual([
      { ...base, attempt: 1, at: start, result: fails },
      { ...base, attempt: 2, at: start + MINUTE, result: works },
    ])
  })
})

describe('an asynchronous invocation of a bundle', () => {
  it('fails when its process dies, and its on-failure queue is named by addFunction', async () => {
    const sandbox = await startSandbox()
    onTestFinished(() => sandbox.stop())
    const bundle = fileURLToPath(new URL('./fixtures/function.mjs', import.meta.url))
    const arn = sandbox.addFunction({ name: 'retire', bundle, onFailure: QUEUE })
    sandbox.invocations.invoke({ arn, event: { act: 'exit' } })
    await sandbox.clock.advance(3 * MINUTE)
    const [message] = sandbox.queues.messages(QUEUE)
    expect(JSON.parse(message?.body ?? '')).toMatchObject({
      requestContext: { functionArn: `${arn}:$LATEST`, approximateInvokeCount: 3 },
      requestPayload: { act: 'exit' },
      responsePayload: { errorType: 'Runtime.ExitError' },
    })
  })
})
