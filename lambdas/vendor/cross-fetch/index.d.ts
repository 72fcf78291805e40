import type { AsyncLocalStorage } from 'node:async_hooks'

/** The `fetch` of the call under way. Outside of one, the platform's own is used. */
export const transport: AsyncLocalStorage<typeof globalThis.fetch>
export const fetch: typeof globalThis.fetch
export default fetch
