import { afterAll, expect, test } from 'vitest'
import { testRoles } from '../support/roles.ts'
import { convergence, type Part, type Result, runPart } from './parts.ts'

/** A test of each part, and the line that they end with. */
export function testParts(parts: readonly Part[]): void {
  const results: Result[] = []

  test.each(parts)('$name', { timeout: 600_000 }, async (part) => {
    const result = await runPart(part)
    results.push(result)
    expect(result.failures).toEqual([])
  })

  testRoles()

  afterAll(() => {
    const schedules = results.reduce((sum, one) => sum + one.schedules, 0)
    console.log(convergence({ schedules, failures: results.flatMap(({ failures }) => failures) }))
  })
}
