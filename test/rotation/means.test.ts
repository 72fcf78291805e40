import { expect, test, vi } from 'vitest'
import { onceOf } from '../../lambdas/rotation/means.ts'

const asked = () => vi.fn<() => Promise<string>>(async () => 'answer')

test('what was asked is not asked again, and what failed is', async () => {
  const once = onceOf()
  const ask = asked()
  await Promise.all([once('a', ask), once('a', ask)])
  expect(ask).toHaveBeenCalledTimes(1)
  await expect(once('b', () => Promise.reject(new Error('away')))).rejects.toThrow('away')
  expect(await once('b', ask)).toBe('answer')
})

test('an audit of ten thousand secrets keeps the lists of the last few signers, and no more', async () => {
  const once = onceOf(2)
  const ask = asked()
  for (const question of ['a', 'b', 'b', 'c', 'b', 'c']) await once(question, ask)
  expect(ask).toHaveBeenCalledTimes(3)
  await once('a', ask)
  expect(ask).toHaveBeenCalledTimes(4)
})
