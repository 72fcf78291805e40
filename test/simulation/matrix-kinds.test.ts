import { afterAll, expect, test } from 'vitest'
import { convergence, type Result, runPart, someOtherSingles } from './parts.ts'

const results: Result[] = []

// The other kinds and strategies; `npm run prove` has every one of their faults.
test.each(someOtherSingles)('$name', { timeout: 240_000 }, async (part) => {
  const result = await runPart(part)
  results.push(result)
  expect(result.failures).toEqual([])
})

afterAll(() => {
  const schedules = results.reduce((sum, one) => sum + one.schedules, 0)
  console.log(convergence({ schedules, failures: results.flatMap(({ failures }) => failures) }))
})
