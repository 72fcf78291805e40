import { afterEach, describe, expect, it } from 'vitest'
import { type BundledFunction, createFunction, type FunctionOptions } from '../../sandbox/lambda/function.ts'
import type { InvocationResult } from '../../sandbox/lambda/invocation.ts'

const ARN = 'arn:aws:lambda:eu-west-1:000000000000:function:example'
const started: BundledFunction[] = []

function start({ fixture = 'function', ...options }: Partial<FunctionOptions> & { fixture?: string } = {}) {
  const bundle = new URL(`./fixtures/${fixture}.mjs`, import.meta.url)
  const target = createFunction({ arn: ARN, bundle, ...options })
  started.push(target)
  return target
}

function payloadOf(result: InvocationResult): Readonly<Record<string, unknown>> {
  if (!result.ok) throw new Error(result.errorMessage)
  return { ...(result.payload as object) }
}

const pidOf = (result: InvocationResult) => payloadOf(result).pid

afterEach(async () => {
  await Promise.all(started.splice(0).map((target) => target.stop()))
})

describe('a function run as on Lambda', () => {
  it('returns the payload, null when there is none', async () => {
    const target = start()
    expect(payloadOf(await target.invoke({ act: 'echo', n: 1 })).event).toEqual({ act: 'echo', n: 1 })
    expect(await target.invoke({ act: 'nothing' })).toEqual({ ok: true, payload: null })
  })

  it('sees only the environment that Lambda sets and what was given', async () => {
    process.env.SANDBOX_TEST_LEAK = 'from the machine'
    const { environment, execArgv } = payloadOf(await start({ env: { MINE: 'yes' } }).invoke({ act: 'echo' }))
    delete process.env.SANDBOX_TEST_LEAK
    expect(environment).toMatchObject({
      MINE: 'yes',
      AWS_LAMBDA_FUNCTION_NAME: 'example',
      AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
      AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '512',
      AWS_REGION: 'eu-west-1',
      AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs24.x',
    })
    expect(
      Object.keys(environment as object).filter((name) => !/^(AWS_|LAMBDA_|_HANDLER|TZ|MINE)/.test(name)),
    ).toEqual([])
    expect(execArgv).toEqual(['--no-experimental-require-module', '--no-experimental-detect-module'])
  })

  it('gets a context', async () => {
    const { context } = payloadOf(await start({ timeoutMs: 30_000 }).invoke({ act: 'echo' }))
    expect(context).toMatchObject({
      awsRequestId: expect.stringMatching(/^[0-9a-f-]{36}$/),
      functionName: 'example',
      invokedFunctionArn: ARN,
      memoryLimitInMB: '512',
    })
    const { remaining } = context as { remaining: number }
    expect(remaining > 0 && remaining <= 30_000).toBe(true)
  })

  it('shows the sandbox’s time in Date, also to a warm process', async () => {
    let now = Date.parse('2030-01-01T00:00:00Z')
    const target = start({ now: () => now })
    const years: string[] = []
    for (let n = 0; n < 2; n++) {
      const { constructed, isDate } = payloadOf(await target.invoke({ act: 'echo' }))
      years.push(String(constructed).slice(0, 4))
      expect(isDate).toBe(true)
      now = Date.parse('2031-01-01T00:00:00Z')
    }
    expect(years).toEqual(['2030', '2031'])
  })

  it('reports name and message of an error, and prints it whole with stack, properties and cause', async () => {
    const target = start()
    expect(await target.invoke({ act: 'throw' })).toEqual({
      ok: false,
      errorType: 'ERR_BROKEN',
      errorMessage: 'it broke',
    })
    const line: unknown = JSON.parse(target.output.at(-1) ?? '')
    expect(line).toMatchObject({
      level: 'ERROR',
      message: {
        errorType: 'ERR_BROKEN',
        errorMessage: 'it broke',
        stackTrace: expect.arrayContaining([expect.stringContaining('function.mjs')]),
        retryable: false,
        cause: { errorType: 'Error', errorMessage: 'the cause', cause: 'the root' },
      },
    })
  })

  it('names what is thrown but no Error by its type', async () => {
    expect(await start().invoke({ act: 'throwText' })).toEqual({
      ok: false,
      errorType: 'string',
      errorMessage: 'just text',
    })
  })

  it('captures everything that is printed', async () => {
    const heard: string[] = []
    const target = start({ onOutput: (line) => heard.push(line) })
    await target.invoke({ act: 'print' })
    expect(target.output.toSorted()).toEqual(['to stderr', 'to stdout'])
    expect(heard).toEqual(target.output)
  })

  it('has captured everything by the time the invocation returns', async () => {
    const target = start()
    for (let n = 1; n <= 20; n++) {
      await target.invoke({ act: 'print', lines: 100 })
      expect(target.output).toHaveLength(n * 200)
    }
  })
})

describe('processes', () => {
  it('stay warm for the next invocation, also after an error', async () => {
    const target = start()
    const first = pidOf(await target.invoke({ act: 'echo' }))
    await target.invoke({ act: 'throw' })
    const last = payloadOf(await target.invoke({ act: 'echo' }))
    expect(last).toMatchObject({ pid: first, invocations: 3 })
  })

  it('are fresh for each invocation when not kept warm', async () => {
    const target = start({ keepWarm: false })
    const first = pidOf(await target.invoke({ act: 'echo' }))
    expect(payloadOf(await target.invoke({ act: 'echo' }))).toMatchObject({ invocations: 1 })
    expect(pidOf(await target.invoke({ act: 'echo' }))).not.toBe(first)
  })

  it('are separate for invocations at the same time', async () => {
    const target = start()
    const [a, b] = await Promise.all([target.invoke({ act: 'echo' }), target.invoke({ act: 'echo' })])
    expect(pidOf(a)).not.toBe(pidOf(b))
  })

  it('are killed by a time-out, and the next one is fresh', async () => {
    const target = start({ timeoutMs: 400 })
    expect(await target.invoke({ act: 'hang' })).toEqual({
      ok: false,
      errorType: 'Sandbox.Timedout',
      errorMessage: expect.stringMatching(/^RequestId: .{36} Error: Task timed out after 0\.40 seconds$/),
    })
    expect(payloadOf(await target.invoke({ act: 'echo' })).invocations).toBe(1)
  })

  it('that exit are Runtime.ExitError, and the next one is fresh', async () => {
    const target = start()
    expect(await target.invoke({ act: 'exit' })).toEqual({
      ok: false,
      errorType: 'Runtime.ExitError',
      errorMessage: expect.stringMatching(/Runtime exited with error: exit status 3$/),
    })
    expect(payloadOf(await target.invoke({ act: 'echo' })).invocations).toBe(1)
  })

  it('that are killed are Runtime.ExitError, and the next one is fresh', async () => {
    const target = start()
    const pid = pidOf(await target.invoke({ act: 'echo' }))
    const hanging = target.invoke({ act: 'hang' })
    await target.kill()
    expect(await hanging).toEqual({
      ok: false,
      errorType: 'Runtime.ExitError',
      errorMessage: expect.stringMatching(/Runtime exited with error: signal: killed$/),
    })
    expect(pidOf(await target.invoke({ act: 'echo' }))).not.toBe(pid)
  })

  it('end with an unhandled rejection', async () => {
    const target = start()
    expect(await target.invoke({ act: 'reject' })).toEqual({
      ok: false,
      errorType: 'Runtime.UnhandledPromiseRejection',
      errorMessage: 'nobody waits',
    })
    expect(payloadOf(await target.invoke({ act: 'echo' })).invocations).toBe(1)
  })

  it.each([
    ['missing-import', 'Runtime.ImportModuleError'],
    ['no-handler', 'Runtime.HandlerNotFound'],
    ['callback', 'Runtime.CallbackHandlerDeprecated'],
  ])('that cannot begin say why: %s', async (fixture, errorType) => {
    const target = start({ fixture })
    expect(await target.invoke({})).toMatchObject({ ok: false, errorType })
    expect(await target.invoke({})).toMatchObject({ ok: false, errorType })
    expect(target.output.join()).toContain('"level":"ERROR"')
  })
})
