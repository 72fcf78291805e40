import { describe, expect, test } from 'vitest'
import { everyPage } from '../../lambdas/ports/pages.ts'

const ending = { beyond: 'error', endless: () => new Error('endless') } as const

/** A list of so many pages, and how often one was asked for. */
function listOf(count: number) {
  const asked: (string | undefined)[] = []
  const page = async (next: string | undefined) => {
    asked.push(next)
    const at = Number(next ?? '0')
    return { items: [`item ${at}`], next: at + 1 < count ? String(at + 1) : undefined }
  }
  return { asked, page }
}

describe('a list that comes in pages', () => {
  test('is followed to its last page, in order', async () => {
    const { asked, page } = listOf(3)
    expect(await everyPage({ ...ending, most: 9, page })).toEqual(['item 0', 'item 1', 'item 2'])
    expect(asked).toEqual([undefined, '1', '2'])
  })

  test.each([null, undefined, ''])('ends where the next page is %j', async (next) => {
    expect(await everyPage({ ...ending, most: 9, page: async () => ({ items: [1], next }) })).toEqual([1])
  })

  test('is not followed without an end: it is cut off, or an error', async () => {
    const { asked, page } = listOf(Number.POSITIVE_INFINITY)
    expect(await everyPage({ ...ending, most: 4, beyond: 'cut', page })).toHaveLength(4)
    await expect(everyPage({ ...ending, most: 4, page })).rejects.toThrow('endless')
    expect(asked).toHaveLength(8)
  })

  test('whose next page is the same again is an error at once', async () => {
    const page = async () => ({ items: [1], next: 'again' })
    await expect(everyPage({ ...ending, most: 9, beyond: 'cut', page })).rejects.toThrow('endless')
  })
})
