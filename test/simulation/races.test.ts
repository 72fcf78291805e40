import { afterAll, expect, test } from 'vitest'
import { testRoles } from '../support/roles.ts'
import { pairs } from './pairs.ts'
import { type PairResult, racesLine, runPair } from './races.ts'

const results: PairResult[] = []

// A sample; `npm run prove` has every place of one switch, and all or a third of the pairs of places of two.
test.each(pairs)(
  '$name keep every promise, whoever goes first and wherever they switch',
  {
    timeout: 240_000,
  },
  async (pair) => {
    const result = await runPair({ pair, every: 5, share: 0.004 })
    results.push(result)
    expect(result.failures).toEqual([])
    expect(result.interleavings).toBeGreaterThan(5)
  },
)

testRoles()

afterAll(() => console.log(racesLine(results)))
