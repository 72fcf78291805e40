import { afterAll, expect, test } from 'vitest'
import { added, families, lineOf, nothing } from './families.ts'

// Another seed, and many of them: `npm run prove -- --only "hostile input" --seeds 50`.
const seed = 1
let all = nothing

test.each(families)('hostile input: $name', { timeout: 600_000 }, async ({ name, runs, run }) => {
  const figures = await run({ seed, runs })
  all = added(all, figures)
  console.log(`hostile input, ${name}: ${lineOf(figures)}`)
  expect(figures.failures).toEqual([])
})

test('there are ten thousand of them', () => {
  expect(all.inputs).toBeGreaterThanOrEqual(10_000)
})

afterAll(() => console.log(`hostile input: ${lineOf(all)}`))
