import { expect, test } from 'vitest'
import { tryOut } from './breakage.ts'
import { breakages } from './breakages.ts'

// A matrix that finds nothing is worth what it would have found.
test.each(breakages)(
  'the matrix finds it when the functions $name',
  { timeout: 60_000 },
  async (breakage) => {
    const { broken, asItIs } = await tryOut(breakage)
    expect(asItIs).toEqual([])
    expect(broken.join('\n')).toMatch(breakage.caughtBy)
  },
)
