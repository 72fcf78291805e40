import { describe, expect, test } from 'vitest'
import { everyPage } from '../../lambdas/ports/pages.ts'

const endless = () => new Error('endless')

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
    expect(await everyPage({ most: 9, page, endless })).toEqual(['item 0', 'item 1', 'item 2'])
    expect(asked).toEqual([undefined, '1', '2'])
  })

  test.each([null, undefined, ''])('ends where the next page is %j', async (next) => {
    expect(await everyPage({ most: 9, page: async () => ({ items: [1], next }), endless })).toEqual([1])
  })

  test('is not followed without an end, and is none then', async () => {
    const { asked, page } = listOf(Number.POSITIVE_INFINITY)
    await expect(everyPage({ most: 4, page, endless })).rejects.toThrow('endless')
    expect(asked).toHaveLength(4)
  })

  test('is cut off where nobody says that it is none', async () => {
    const { asked, page } = listOf(Number.POSITIVE_INFINITY)
    expect(await everyPage({ most: 4, page })).toHaveLength(4)
    expect(asked).toHaveLength(4)
  })

  test('is none where a page is followed by itself', async () => {
    const asked: unknown[] = []
    const page = async (next: string | undefined) => ({ items: [asked.push(next)], next: 'again' })
    await expect(everyPage({ most: 4, page, endless })).rejects.toThrow('endless')
    expect(asked).toEqual([undefined, 'again'])
  })
})
