import { createSimulation } from '../../simulation/world.ts'

/** Requests that left for another host than a world's own. They are answered by nobody. */
export const foreignRequests: string[] = []

const nobody: typeof fetch = (input) => {
  foreignRequests.push(String(input instanceof Request ? input.url : input))
  return Promise.reject(new TypeError('fetch failed'))
}

let isWatching = false

/**
 * Puts nobody behind every host that is none of a world's, and follows a redirect as the platform would, which is what
 * the functions have to forbid it.
 */
export function watchHosts(): void {
  if (isWatching) return
  isWatching = true
  globalThis.fetch = nobody
  // The first world makes itself the network, in front of nobody.
  createSimulation().close()
  const worlds = globalThis.fetch
  globalThis.fetch = async (input, init) => {
    const response = await worlds(input, init)
    const to = response.headers.get('location')
    const isRedirect = [301, 302, 303, 307, 308].includes(response.status) && to !== null
    if (!isRedirect || init?.redirect === 'manual') return response
    const from = String(input instanceof Request ? input.url : input)
    return globalThis.fetch(URL.parse(to, from) ?? 'http://no-address.test', init)
  }
}
