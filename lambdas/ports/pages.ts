export interface Page<T> {
  readonly items: readonly T[]
  /** Names the page after this one; nothing on the last. */
  readonly next: string | null | undefined
}

/** Every item of a list that comes in pages. A list without an end would take all the time there is. */
export async function everyPage<T>(list: {
  /** So many pages are followed. */
  most: number
  page: (next: string | undefined) => Promise<Page<T>>
}): Promise<readonly T[]> {
  const all: T[] = []
  let token: string | undefined
  for (let count = 0; count < list.most; count++) {
    const { items, next } = await list.page(token)
    all.push(...items)
    if (typeof next !== 'string' || next === '') break
    token = next
  }
  return all
}
