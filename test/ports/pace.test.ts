import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { paced } from '../../lambdas/ports/pace.ts'
import { handTime } from '../support/hand-time.ts'

const second = 1_000
const minute = 60 * second

/** A time with a pace, and the moments at which whoever asked was let go. */
function pacing({ perMinute, leftMs }: { perMinute: number; leftMs?: number }) {
  const hand = handTime(leftMs === undefined ? {} : { leftMs })
  const time = paced({ time: hand, perMinute })
  const sent: number[] = []
  const ask = (count: number) => {
    for (let index = 0; index < count; index++) void time.turn?.().then(() => sent.push(hand.now()))
  }
  const told = (heard: { limit?: number; retryAfterMs?: number }) =>
    time.told?.({ limit: heard.limit, retryAfterMs: heard.retryAfterMs ?? 0 })
  return { hand, time, sent, ask, told }
}

const most = (sent: readonly number[]) =>
  Math.max(0, ...sent.map((from) => sent.filter((at) => at >= from && at < from + minute).length))

describe('a pace', () => {
  test('lets as many go in a minute as it is given, and the next ones a minute after the first', async () => {
    const { hand, sent, ask } = pacing({ perMinute: 3 })
    ask(5)
    await hand.pass(minute - 1)
    expect(sent).toEqual([0, 0, 0])
    await hand.pass(1)
    expect(sent).toEqual([0, 0, 0, minute, minute])
  })

  test('counts any minute, not those of a clock', async () => {
    const { hand, sent, ask } = pacing({ perMinute: 2 })
    ask(1)
    await hand.pass(50 * second)
    ask(2)
    await hand.pass(20 * second)
    expect(sent).toEqual([0, 50 * second, minute])
    ask(1)
    await hand.pass(39 * second)
    expect(sent).toHaveLength(3)
    await hand.pass(second)
    expect(sent.at(-1)).toBe(110 * second)
  })

  test('is never exceeded, and leaves nobody waiting, whenever they ask', async () => {
    const asks = fc.array(fc.record({ after: fc.nat(90 * second), count: fc.integer({ min: 1, max: 9 }) }), {
      minLength: 1,
      maxLength: 12,
    })
    await fc.assert(
      fc.asyncProperty(asks, fc.integer({ min: 1, max: 7 }), async (given, perMinute) => {
        const { hand, sent, ask } = pacing({ perMinute, leftMs: Number.POSITIVE_INFINITY })
        for (const { after, count } of given) {
          await hand.pass(after)
          ask(count)
        }
        await hand.pass(200 * minute)
        expect(sent).toHaveLength(given.reduce((sum, { count }) => sum + count, 0))
        expect(most(sent)).toBeLessThanOrEqual(perMinute)
      }),
      { numRuns: 40 },
    )
  })

  test.each([
    [100, 60],
    [10, 6],
    [1, 1],
    [0, 1],
    [1_000, 600],
    [100_000, 600],
  ])('of a limit of %i a minute it takes %i, and never more than its own', async (limit, expected) => {
    const { hand, sent, ask, told } = pacing({ perMinute: 600 })
    told({ limit })
    ask(700)
    await hand.pass(minute - 1)
    expect(sent).toHaveLength(expected)
  })

  test('is slowed down by a lower limit and not sped up by a higher one afterwards', async () => {
    const { hand, sent, ask, told } = pacing({ perMinute: 600 })
    told({ limit: 10 })
    told({ limit: 1_000 })
    told({})
    ask(20)
    await hand.pass(minute - 1)
    expect(sent).toHaveLength(6)
  })

  test('lets nobody go until the moment that Dfns names, the latest of several', async () => {
    const { hand, sent, ask, told } = pacing({ perMinute: 600 })
    told({ retryAfterMs: 30 * second })
    told({ retryAfterMs: 5 * second })
    ask(2)
    await hand.pass(30 * second - 1)
    expect(sent).toEqual([])
    await hand.pass(1)
    expect(sent).toEqual([30 * second, 30 * second])
  })

  test('holds whoever waits already, where Dfns names a later moment meanwhile', async () => {
    const { hand, sent, ask, told } = pacing({ perMinute: 1 })
    ask(2)
    await hand.pass(10 * second)
    told({ retryAfterMs: 2 * minute })
    await hand.pass(minute)
    expect(sent).toEqual([0])
    await hand.pass(2 * minute)
    expect(sent).toEqual([0, 130 * second])
  })

  test('keeps nobody beyond the end of the invocation', async () => {
    const { hand, sent, ask, told } = pacing({ perMinute: 600, leftMs: 20 * second })
    told({ retryAfterMs: 10 * minute })
    ask(1)
    await hand.pass(20 * second)
    expect(sent).toEqual([20 * second])
  })
})
