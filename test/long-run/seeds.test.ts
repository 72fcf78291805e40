import { expect, test } from 'vitest'
import { linesOf, summaryOf } from './report.ts'
import { runSeeds } from './seeds.ts'

/** `npm run prove` lives through 200. */
const seeds = Array.from({ length: 5 }, (_, index) => index + 1)

test('through 90 days of every seed AWSCURRENT works, every grace is kept, and every grace ends', async () => {
  const outcomes = await runSeeds({ seeds })
  for (const line of summaryOf(outcomes)) console.log(line)
  expect(outcomes.flatMap(linesOf)).toEqual([])
  // A run in which nothing went wrong would prove nothing.
  for (const { rotations, faults, deeds } of outcomes) {
    expect(rotations).toBeGreaterThan(100)
    expect(Object.keys(faults).length).toBeGreaterThan(5)
    expect(deeds['move AWSCURRENT back']).toBeGreaterThan(0)
  }
}, 600_000)
