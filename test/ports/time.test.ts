import { describe, expect, test, vi } from 'vitest'
import { settled, settleMs, timeOf } from '../../lambdas/ports/time.ts'
import { fakeTime } from '../support/time.ts'

/** Answers nothing so many times, and then `answer`. */
function asked(nothings: number, answer: unknown = 'here') {
  let left = nothings
  return vi.fn<() => Promise<unknown>>(async () => (left-- > 0 ? undefined : answer))
}

describe('to wait until something has settled', () => {
  test('asks once if the answer is there, and does not pause', async () => {
    const time = fakeTime()
    const ask = asked(0)
    expect(await settled(time, ask)).toBe('here')
    expect(ask).toHaveBeenCalledTimes(1)
    expect(time.pauses).toEqual([])
  })

  test('takes every answer but undefined for one', async () => {
    for (const answer of [null, 0, '', false])
      expect(await settled(fakeTime(), asked(0, answer))).toBe(answer)
  })

  test('asks again with pauses that grow', async () => {
    const time = fakeTime()
    expect(await settled(time, asked(4))).toBe('here')
    expect(time.pauses).toEqual([100, 200, 400, 800])
  })

  test('gives up with nothing, and not later than settleMs', async () => {
    const time = fakeTime()
    expect(await settled(time, asked(1_000))).toBeUndefined()
    expect(time.now()).toBeGreaterThan(settleMs / 2)
    expect(time.now()).toBeLessThanOrEqual(settleMs)
  })

  test('never pauses longer than the time that is left', async () => {
    for (const leftMs of [0, 50, 99, 100, 250, 700, 1_000]) {
      const time = fakeTime({ leftMs })
      const ask = asked(1_000)
      expect(await settled(time, ask)).toBeUndefined()
      expect(ask).toHaveBeenCalled()
      expect(time.now()).toBeLessThanOrEqual(leftMs)
    }
  })

  test('does not count what the questions themselves take: they may have waited for the rate limit', async () => {
    const time = fakeTime({ leftMs: 300_000 })
    const ask = asked(2)
    const slow = async () => {
      await time.sleep(70_000)
      return ask()
    }
    expect(await settled(time, slow)).toBe('here')
    expect(time.now()).toBe(3 * 70_000 + 300)
  })

  test('asks no more where a question took all the time that was left', async () => {
    const time = fakeTime({ leftMs: 1_000 })
    const slow = vi.fn<() => Promise<undefined>>(async () => {
      await time.sleep(2_000)
      return undefined
    })
    expect(await settled(time, slow)).toBeUndefined()
    expect(slow).toHaveBeenCalledTimes(1)
  })

  test('lets a question’s error through at once', async () => {
    const time = fakeTime()
    await expect(settled(time, () => Promise.reject(new Error('x')))).rejects.toThrow('x')
    expect(time.pauses).toEqual([])
  })
})

describe('the time of an invocation', () => {
  const at = (context?: { getRemainingTimeInMillis?(): number }) => {
    vi.useFakeTimers({ now: 1_000_000, toFake: ['Date'] })
    try {
      const time = timeOf(context)
      const remaining = [0, 1_000, 100_000].map((ms) => {
        vi.setSystemTime(1_000_000 + ms)
        return time.remaining()
      })
      return { now: time.now(), remaining }
    } finally {
      vi.useRealTimers()
    }
  }

  test('is Lambda’s, less half a second to report an error, and never negative', () => {
    expect(at({ getRemainingTimeInMillis: () => 60_000 })).toEqual({
      now: 1_100_000,
      remaining: [59_500, 58_500, 0],
    })
    expect(at({ getRemainingTimeInMillis: () => 100 }).remaining).toEqual([0, 0, 0])
  })

  test('is thirty seconds outside of Lambda', () => {
    expect(at().remaining).toEqual([29_500, 28_500, 0])
    expect(at({}).remaining).toEqual([29_500, 28_500, 0])
  })

  test('is random in [0, 1), and not the same twice', () => {
    const time = timeOf(undefined)
    const throws = Array.from({ length: 100 }, () => time.random())
    expect(throws.every((one) => one >= 0 && one < 1)).toBe(true)
    expect(new Set(throws).size).toBeGreaterThan(50)
  })
})
