/** Things that happened, in order, with those who want to hear of the next one at once. */
export interface Feed<T> {
  readonly items: readonly T[]
  push(item: T): void
  /** Returns the end of the subscription. */
  listen(listener: (item: T) => void): () => void
}

/** Makes an empty feed. A listener's error reaches whoever pushed. */
export function createFeed<T>(): Feed<T> {
  const items: T[] = []
  const listeners = new Set<(item: T) => void>()
  return {
    items,
    push: (item) => {
      items.push(item)
      for (const listener of listeners) listener(item)
    },
    listen: (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}
