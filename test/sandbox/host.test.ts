import { afterEach, expect, test } from 'vitest'
import { createHost } from '../../sandbox/host.ts'
import { type Sandbox, startSandbox } from '../../sandbox/sandbox.ts'
import type { Fault } from '../../sandbox/wire.ts'

const bundle = new URL('./fixtures/function.mjs', import.meta.url)

const host = createHost()
const open = new Set<Sandbox>()

afterEach(async () => {
  await Promise.all([...open].map((sandbox) => sandbox.stop()))
  open.clear()
  await host.close()
})

/** A sandbox of the host, with a function. */
async function start(env: Readonly<Record<string, string>> = {}) {
  const sandbox = await startSandbox({ host, dfns: () => ({ status: 200, body: '{}' }) })
  open.add(sandbox)
  const arn = sandbox.addFunction({ name: 'example', bundle, env })
  const invoke = async (event: object) => sandbox.bundled.get(arn)?.invoke(event)
  return {
    sandbox,
    invoke,
    /** The number of the process that answers. */
    process: async () => {
      const result = await invoke({ act: 'echo' })
      if (result?.ok !== true) throw new Error('the function failed')
      return (result.payload as { readonly pid: number }).pid
    },
    output: () => sandbox.bundled.get(arn)?.output,
    stop: async () => {
      open.delete(sandbox)
      await sandbox.stop()
    },
  }
}

/** One request that a fault strikes. */
async function strike({ sandbox, fault }: { sandbox: Sandbox; fault: Fault }): Promise<void> {
  sandbox.wire.plan = () => fault
  await fetch(sandbox.urls.dfns).catch(() => {})
}

test('a sandbox has the servers and the idle processes of the one before it', async () => {
  const first = await start()
  const pid = await first.process()
  await first.stop()
  const second = await start()
  expect(second.sandbox.urls).toEqual(first.sandbox.urls)
  expect(await second.process()).toBe(pid)
})

test('what a process prints belongs to the sandbox that it works for', async () => {
  const first = await start()
  await first.invoke({ act: 'print' })
  await first.stop()
  const second = await start()
  await second.invoke({ act: 'print' })
  expect(first.output()?.toSorted()).toEqual(['to stderr', 'to stdout'])
  expect(second.output()?.toSorted()).toEqual(['to stderr', 'to stdout'])
})

test('a process shows the time of the sandbox that it works for', async () => {
  const first = await start()
  await first.sandbox.clock.advance(3_600_000)
  await first.process()
  await first.stop()
  const second = await start()
  const result = await second.invoke({ act: 'echo' })
  const { now } = (result?.ok === true ? result.payload : {}) as { readonly now: number }
  expect(now - second.sandbox.clock.now()).toBeLessThan(3_600_000)
})

test('a process of another environment is not used', async () => {
  const first = await start()
  const pid = await first.process()
  await first.stop()
  expect(await (await start({ MINE: 'yes' })).process()).not.toBe(pid)
})

test('sandboxes at the same time have servers and processes of their own', async () => {
  const [one, other] = [await start(), await start()]
  expect(one.sandbox.urls).not.toEqual(other.sandbox.urls)
  expect(await one.process()).not.toBe(await other.process())
})

const remembered: readonly Fault[] = [
  'refused',
  'throttled',
  'lost-before',
  'lost-after',
  { reply: { status: 503, body: '' } },
]

test.each(remembered)('after %o, which a process may remember, nothing is used again', async (fault) => {
  const first = await start()
  const pid = await first.process()
  await strike({ sandbox: first.sandbox, fault })
  await first.stop()
  const second = await start()
  expect(second.sandbox.urls).not.toEqual(first.sandbox.urls)
  expect(await second.process()).not.toBe(pid)
})

test.each(['killed-before', 'killed-after'] as const)(
  '%s ends those at work, and idle ones are used again',
  async (fault) => {
    const first = await start()
    const pid = await first.process()
    await strike({ sandbox: first.sandbox, fault })
    await first.stop()
    expect(await (await start()).process()).toBe(pid)
  },
)

test('a sandbox that ends with a request unanswered leaves nothing', async () => {
  const arrived = Promise.withResolvers<void>()
  const first = await startSandbox({
    host,
    dfns: () => {
      arrived.resolve()
      return new Promise(() => {})
    },
  })
  const asked = fetch(first.urls.dfns)
  await arrived.promise
  await Promise.all([first.stop(), expect(asked).rejects.toThrow('fetch failed')])
  expect((await start()).sandbox.urls).not.toEqual(first.urls)
})

test('whoever asks once a sandbox is over is not answered', async () => {
  const first = await start()
  await first.stop()
  await expect(fetch(first.sandbox.urls.dfns)).rejects.toThrow('fetch failed')
  const second = await start()
  expect(second.sandbox.wire.calls).toEqual([])
})

test('an idle process ends with its host', async () => {
  const first = await start()
  const pid = await first.process()
  await first.stop()
  await host.close()
  expect(() => process.kill(pid, 0)).toThrow('ESRCH')
})
