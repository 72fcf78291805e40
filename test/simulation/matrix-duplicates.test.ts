import { afterAll, expect, test } from 'vitest'
import { convergence, dying, type Result, runPart, singleFaults, slowed } from './parts.ts'

const results: Result[] = []

const inOneWorld = singleFaults.filter(({ scenario }) => scenario.duplicates === 'allow')
// The slow calls and the dying tokens are here because Vitest has two workers.
const parts = [...inOneWorld, ...slowed, ...dying]

test.each(parts)('$name', { timeout: 240_000 }, async (part) => {
  const result = await runPart(part)
  results.push(result)
  expect(result.failures).toEqual([])
})

afterAll(() => {
  const schedules = results.reduce((sum, one) => sum + one.schedules, 0)
  console.log(convergence({ schedules, failures: results.flatMap(({ failures }) => failures) }))
})
