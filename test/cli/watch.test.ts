import { expect, test } from 'vitest'
import type { SecretStore } from '../../lambdas/ports/secrets-manager.ts'
import type { LogLine } from '../../cli/rotate/function-log.ts'
import { type End, watch } from '../../cli/rotate/watch.ts'

const token = 'the version of this rotation'

/** What AWS shows at one look. */
interface Look {
  readonly labels: readonly string[]
  readonly lines?: readonly LogLine[] | undefined
}

const line = (more: Partial<LogLine>): LogLine => ({
  at: 0,
  step: 'createSecret',
  message: 'phase done',
  versionId: token,
  ...more,
})

/** Watches looks that come one after the other, the last one again and again; time is what pauses make. */
async function watched(
  looks: readonly Look[],
  more: { timeoutMs?: number; interruptedAt?: number } = {},
): Promise<{ end: End; events: string[]; seconds: number }> {
  const { timeoutMs = 60_000, interruptedAt = Number.POSITIVE_INFINITY } = more
  let now = 0
  let index = -1
  const look = () => looks[Math.min(index, looks.length - 1)] ?? { labels: [] }
  const events: string[] = []
  const store: Pick<SecretStore, 'describeSecret' | 'getSecretValue'> = {
    describeSecret: async () => {
      index += 1
      return { stages: new Map([[token, look().labels]]) } as never
    },
    getSecretValue: async () => undefined,
  }
  const end = await watch({
    store: store as SecretStore,
    log: { read: async () => ('lines' in look() ? look().lines : []) },
    token,
    time: {
      now: () => now,
      remaining: () => Number.POSITIVE_INFINITY,
      random: () => 0,
      sleep: async (ms) => {
        now += ms
      },
    },
    timeoutMs,
    isInterrupted: () => now >= interruptedAt,
    hear: (event) => events.push(event.type),
    wait: () => {},
  })
  return { end, events, seconds: now / 1_000 }
}

const failed = line({ message: 'phase failed', code: 'ERR_X', reason: 'why', retryable: true })

test('a rotation is over when AWSCURRENT is on it and its last step said so', async () => {
  const steps = (['createSecret', 'setSecret', 'testSecret', 'finishSecret'] as const).map((step) =>
    line({ step }),
  )
  const { end, seconds } = await watched([
    { labels: ['AWSPENDING'], lines: steps.slice(0, 3) },
    { labels: ['AWSCURRENT'], lines: [] },
    { labels: ['AWSCURRENT'], lines: steps.slice(3) },
  ])
  expect([end, seconds]).toEqual([{ type: 'rotated' }, 2])
})

test('where the log stays behind the labels end it, some seconds later', async () => {
  const { end, events, seconds } = await watched([{ labels: ['AWSCURRENT'], lines: [] }])
  expect(end).toEqual({ type: 'rotated' })
  expect(events).toEqual(['done', 'done', 'done', 'done'])
  expect(seconds).toBe(15)
})

test('the last failure is told when time is up, and when nobody waits any longer', async () => {
  const looks = [
    { labels: ['AWSPENDING'], lines: [failed] },
    { labels: ['AWSPENDING'], lines: [] },
  ]
  const last = { type: 'failed', code: 'ERR_X', reason: 'why' }
  const late = await watched(looks, { timeoutMs: 5_000 })
  expect(late.end).toMatchObject({ type: 'timed out', step: 'createSecret', last })
  expect(late.seconds).toBe(5)
  const left = await watched(looks, { interruptedAt: 2_000 })
  expect(left.end).toMatchObject({ type: 'interrupted', last })
})

test('a failure for good ends it at once, and tells whether AWSCURRENT had moved', async () => {
  const forGood = { ...failed, retryable: false, step: 'finishSecret' as const }
  for (const [label, promoted] of [
    ['AWSPENDING', false],
    ['AWSCURRENT', true],
  ] as const) {
    const { end, seconds } = await watched([{ labels: [label], lines: [forGood] }])
    expect(end).toMatchObject({ type: 'failed', promoted })
    expect(seconds).toBe(0)
  }
})

test('a rotation whose label was taken away is one that was given up', async () => {
  const { end, seconds } = await watched([
    { labels: ['AWSPENDING'], lines: [] },
    { labels: [], lines: [] },
  ])
  expect(end).toEqual({ type: 'given up' })
  expect(seconds).toBe(16)
})

test('a first look that does not show the version yet, or a later one of before, is not one given up', async () => {
  const unseen = { labels: [], lines: [] }
  const { end } = await watched([
    ...Array.from({ length: 10 }, () => unseen),
    { labels: ['AWSPENDING'], lines: [] },
    ...Array.from({ length: 10 }, () => unseen),
    { labels: ['AWSCURRENT'], lines: [] },
  ])
  expect(end).toEqual({ type: 'rotated' })
})
