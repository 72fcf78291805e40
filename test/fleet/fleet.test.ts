import { describe, expect, test } from 'vitest'
import { createConcurrentClock } from './clock.ts'
import { type FleetFigures, minuteMs, type Occasion, runFleet } from './fleet.ts'
import { bucket } from './quotas.ts'
import { failuresOf, quantile } from './report.ts'

// Ten thousand secrets under a thousand requests a minute, in small: `npm run prove -- --only fleet` runs all of them.
const secrets = 200
const perMinute = 20

const weekMs = 7 * 24 * 60 * minuteMs

const sum = (values: readonly (number | undefined)[]) =>
  values.reduce<number>((all, value) => all + (value ?? 0), 0)

async function fleet(occasion: Occasion, tells: 'limits' | 'nothing' = 'limits'): Promise<FleetFigures> {
  const figures = await runFleet({ secrets, occasion, tells })
  expect(failuresOf(figures)).toEqual([])
  expect(figures.waits).toHaveLength(secrets)
  expect(figures.counts.retirements).toBe(secrets)
  return figures
}

describe('a fleet under a rate limit', { timeout: 300_000 }, () => {
  test('whose windows are spread over the week is rotated in them, nearly all of it at the first attempt', async () => {
    const { waits, attempts, counts } = await fleet('spread')
    // What one rotation asks for is most of a minute's: of three in one hour one waits for minutes.
    expect(sum(counts.refused)).toBeGreaterThan(0)
    expect(quantile(waits, 1)).toBeLessThan(60 * minuteMs)
    expect([quantile(attempts, 0.98), quantile(attempts, 1)]).toEqual([
      1,
      expect.toSatisfy((most) => most <= 2),
    ])
    // Of Parameter Store's quota the share of so few secrets is less than one rotation reads in a second.
    const passing = ['ERR_DFNS_UNAVAILABLE', 'ERR_POLICY']
    expect([...counts.failures.keys()].filter((code) => !passing.includes(code))).toEqual([])
  })

  test('of which all are rotated by hand starves nobody, though Dfns tells no limit: what is not done then, one of its next two windows does', async () => {
    const { waits, counts } = await fleet('pressed', 'nothing')
    expect(quantile(waits, 1)).toBeLessThan(2 * weekMs + 4 * 60 * minuteMs)
    expect(sum(counts.refused)).toBeGreaterThan(perMinute)
  })
})

describe('its clock', () => {
  test('runs what is due in order, and the others while one waits', async () => {
    const clock = createConcurrentClock(new Date(0))
    const done: string[] = []
    const sleep = (ms: number) => new Promise<void>((resolve) => clock.at(clock.now() + ms, resolve))
    for (const [name, ms] of [
      ['slow', 30],
      ['quick', 10],
    ] as const) {
      clock.at(5, async () => {
        await sleep(ms)
        done.push(`${name} at ${clock.now()}`)
        await sleep(ms)
        done.push(`${name} at ${clock.now()}`)
      })
    }
    const forget = clock.at(6, () => void done.push('cancelled'))
    forget()
    await clock.advance(40)
    expect(done).toEqual(['quick at 15', 'quick at 25', 'slow at 35'])
    expect([clock.now(), clock.next()]).toEqual([40, 65])
  })

  test('ends with the first error of a task', async () => {
    const clock = createConcurrentClock(new Date(0))
    clock.at(1, () => Promise.reject(new Error('broken')))
    await expect(clock.advance(2)).rejects.toThrow('broken')
  })

  test('keeps the order of a thousand moments, of one moment that in which they were planned', async () => {
    const clock = createConcurrentClock(new Date(0))
    const seen: [number, number][] = []
    const times = Array.from({ length: 1_000 }, (_, index) => (index * 7_919) % 101)
    for (const [index, time] of times.entries()) clock.at(time, () => void seen.push([time, index]))
    await clock.advance(200)
    expect(seen).toEqual(seen.toSorted(([a, i], [b, j]) => a - b || i - j))
    expect(seen).toHaveLength(1_000)
  })
})

test('a quota gives a second’s worth at once, and then what a second brings', () => {
  let now = 0
  const quota = bucket({ perSecond: 40, now: () => now })
  const taken = () => Array.from({ length: 100 }, () => quota.take()).filter(Boolean).length
  expect(taken()).toBe(40)
  now = 500
  expect(taken()).toBe(20)
  now = 60_000
  expect(taken()).toBe(40)
})
