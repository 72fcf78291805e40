export interface Page<T> {
  readonly items: readonly T[]
  /** Names the page after this one; nothing on the last. */
  readonly next: string | null | undefined
}

/** Every item of a list that comes in pages. */
export async function everyPage<T>(list: {
  /** So many pages are followed. */
  most: number
  page: (next: string | undefined) => Promise<Page<T>>
  /**
   * What is thrown where a page is followed by itself, or more than `most` follow one another: a list without
   * an end is none that can be relied on. Absent where it may be cut off.
   */
  endless?: () => Error
}): Promise<readonly T[]> {
  const all: T[] = []
  let token: string | undefined
  for (let count = 0; count < list.most; count++) {
    const { items, next } = await list.page(token)
    for (const item of items) all.push(item)
    if (typeof next !== 'string' || next === '') return all
    if (next === token) break
    token = next
  }
  if (list.endless !== undefined) throw list.endless()
  return all
}
