import { describe, expect, test } from 'vitest'
import { type DeliveriesOptions, type InstanceParts, runDeliveries } from './deliveries.ts'
import { libraryVerify } from './library.ts'
import { deliveries, libraryInstances, plainInstances } from './proof.ts'
import { keysOfContent } from './receivers.ts'
import { deliveriesResult } from './report.ts'

// `npm run prove -- --only consumers` does the same through 50 rotations.

const minuteMs = 60_000
const hourMs = 60 * minuteMs

async function run(options: DeliveriesOptions) {
  const outcome = await runDeliveries(options)
  const { line, failures } = deliveriesResult(outcome)
  console.log(line)
  return { outcome, failures }
}

const few = { ...deliveries({ seed: 1, rotations: 3 }), eventEvery: 10 * minuteMs }

test('every event is handled once, whichever webhook delivers it and however often; what is forged or replayed is refused', {
  timeout: 600_000,
}, async () => {
  const { outcome, failures } = await run({ ...few, eventEvery: 3 * minuteMs })
  expect(failures).toEqual([])
  const { events, deliveries: all, retries, copies, duplicates, forged, answers } = outcome
  expect(all).toBeGreaterThan(2 * events)
  expect(retries).toBeGreaterThan(100)
  expect(copies).toBeGreaterThan(50)
  expect(duplicates).toBeGreaterThan(500)
  expect(Object.keys(forged)).toHaveLength(8)
  // A look at the labels may show what was before, and a forgery may have used it up: a minute later Dfns repeats it.
  expect(answers['401'] ?? 0).toBeLessThan(all / 100)
})

test('a receiver that knows AWSCURRENT alone loses nothing either, as long as it is up', {
  timeout: 600_000,
}, async () => {
  const instances = plainInstances(hourMs, 5 * minuteMs, 30 * minuteMs)
  const options = { ...few, instances, keysOf: keysOfContent, ping: 'best-effort', outages: 'none' } as const
  const { outcome, failures } = await run(options)
  expect(failures).toEqual([])
  expect(outcome.answers['401']).toBeGreaterThan(100)
})

describe('the check can fail', () => {
  test('where a cache outlives the grace, a receiver that knows AWSCURRENT alone loses events', async () => {
    const instances = plainInstances(100 * hourMs)
    const { outcome } = await run({ ...few, instances, ping: 'best-effort', outages: 'none' })
    expect(outcome.lost.length).toBeGreaterThan(10)
  }, 600_000)

  test('and so does one that was down: what came before the rotation only the old webhook repeats', async () => {
    const instances = plainInstances(hourMs)
    const { outcome } = await run({
      ...few,
      seed: 3,
      eventEvery: 6 * minuteMs,
      instances,
      ping: 'best-effort',
    })
    expect(outcome.lost.length).toBeGreaterThan(10)
    // Its last attempt, signed with what is AWSPREVIOUS by then.
    expect(outcome.lost[0]).toMatch(/attempt 5 of wh-\S+ at \S+ was answered 401$/)
  }, 600_000)

  test('without the window replays pass', async () => {
    const instances = [
      (parts: InstanceParts) =>
        libraryVerify({ ...parts, ttlMs: hourMs, tolerance: Number.POSITIVE_INFINITY }),
    ]
    const { outcome } = await run({ ...few, eventEvery: 6 * minuteMs, instances })
    expect(outcome.accepted.length).toBeGreaterThan(5)
    expect(outcome.accepted.every((text) => text.startsWith('a replay:'))).toBe(true)
  }, 600_000)

  test('known again by the id of a delivery, an event is handled twice', async () => {
    const { outcome } = await run({ ...few, keysOf: ({ id }) => [id] })
    expect(outcome.twice.length).toBeGreaterThan(100)
  }, 600_000)

  test('and also by the ids of its chain: the other webhook has a chain of its own', async () => {
    const keysOf: DeliveriesOptions['keysOf'] = ({ id, retryOf }) =>
      retryOf === undefined ? [id] : [id, retryOf]
    const { outcome } = await run({ ...few, instances: libraryInstances, keysOf })
    expect(outcome.twice.length).toBeGreaterThan(100)
  }, 600_000)
})
