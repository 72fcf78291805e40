import { expect, test } from 'vitest'
import { notAllowed } from '../infra/roles.ts'
import { askedSoFar } from './asked.ts'

/** A test, for the end of a file, that everything that it asked of AWS is allowed. */
export function testRoles(): void {
  test('the synthesized roles, and the page for people, allow every call to AWS', () => {
    const asked = askedSoFar()
    expect(asked.length).toBeGreaterThan(10)
    expect(notAllowed(asked)).toEqual([])
  })
}
