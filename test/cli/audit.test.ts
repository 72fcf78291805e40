import { expect, test } from 'vitest'
import { deployed, json } from '../support/cli.ts'
import { worldOf } from '../support/graces.ts'

interface Result {
  readonly secrets: readonly string[]
  readonly findings: readonly {
    type: string
    severity: string
    problem: string
    remedy: string
    details: object
  }[]
}

test('a healthy secret is no finding, and nothing is changed', async () => {
  const staged = await deployed()
  const before = worldOf(staged)
  const { code, result } = await json<Result>({ scene: staged.scene, args: ['audit'] })
  expect(result).toEqual({ secrets: [staged.arn], findings: [] })
  expect(code).toBe(0)
  expect(worldOf(staged)).toEqual(before)
})
