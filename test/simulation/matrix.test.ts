import { afterAll, expect, test } from 'vitest'
import { convergence, edited, type Result, runPart, singleFaults } from './parts.ts'

const results: Result[] = []

// Vitest has two workers: the worlds in which Dfns allows duplicates are in another file.
const inOneWorld = singleFaults.filter(({ scenario }) => scenario.duplicates === 'refuse')
const parts = [...inOneWorld, ...edited]

test.each(parts)('$name', { timeout: 240_000 }, async (part) => {
  const result = await runPart(part)
  results.push(result)
  expect(result.failures).toEqual([])
})

afterAll(() => {
  const schedules = results.reduce((sum, one) => sum + one.schedules, 0)
  console.log(convergence({ schedules, failures: results.flatMap(({ failures }) => failures) }))
})
