export interface Page<T> {
  readonly items: readonly T[]
  /** Names the page after this one; nothing on the last. */
  readonly next: string | null | undefined
}

/** Every item of a list that comes in pages. */
export async function everyPage<T>(list: {
  page: (next: string | undefined) => Promise<Page<T>>
  /** So many pages are followed. */
  most: number
  /** What becomes of a list that goes on beyond them. */
  beyond: 'cut' | 'error'
  /** The error of one that does not end; its next page may be the same again. */
  endless: () => Error
}): Promise<readonly T[]> {
  const { page, most, beyond, endless } = list
  const all: T[] = []
  let token: string | undefined
  for (let count = 0; count < most; count++) {
    const { items, next } = await page(token)
    for (const item of items) all.push(item)
    if (typeof next !== 'string' || next === '') return all
    if (next === token) throw endless()
    token = next
  }
  if (beyond === 'cut') return all
  throw endless()
}
