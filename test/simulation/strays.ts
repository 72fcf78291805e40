import type { Secret } from '../../sandbox/secrets-manager/secret.ts'
import { documentIn } from './documents.ts'
import { type Held, heldOf } from './holdings.ts'
import type { State, Watched } from './watched.ts'

/** How long what was made and not stored may still be somebody's. Milliseconds. */
export const strayMs = 20 * 60_000

interface Looked {
  readonly state: State
  readonly watched: Watched
  readonly secret: Secret
}

/** What is active and ours, and neither a label nor a schedule nor an event under way names it. */
export function straysOf({ state, watched, secret }: Looked): readonly Held[] {
  const labelled = new Set<string>()
  for (const version of secret.versions.values()) {
    if (version.labels.size > 0) labelled.add(documentIn(version)?.id ?? '')
  }
  const unlabelled = heldOf(state, watched).filter(
    ({ id, isActive, isOurs }) => isActive && isOurs && !labelled.has(id) && !watched.letGo.has(id),
  )
  if (unlabelled.length === 0) return []
  const scheduled = scheduledIds(state)
  // Where Dfns showed no uuid, retire goes by the version that a schedule names.
  const superseded = [...secret.versions.values()]
    .filter(({ id }) => scheduled.includes(`"superseded":"${id}"`))
    .map((version) => documentIn(version)?.id)
  return unlabelled.filter(
    ({ id, scheduledAs }) => !scheduled.includes(scheduledAs) && !superseded.includes(id),
  )
}

/** All that stands in schedules, and in events that a schedule has handed over to Lambda. */
export function scheduledIds({ scheduler, queued }: Pick<State, 'scheduler' | 'queued'>): string {
  const inputs = scheduler.list().map(({ settings }) => settings.Target.Input ?? '')
  return [...inputs, ...[...queued.values()].map((event) => JSON.stringify(event))].join('\n')
}

/**
 * Whether a stray may be there. A key is stored before it is registered, so none is ever. What Dfns makes first may be
 * while it is young, and while its rotation goes on, whose next attempt removes it. After that an account or a token may
 * not; a webhook may, until a later createSecret, which finds those of every rotation, has begun past its limit.
 */
export function mayStray({ state, watched, secret, held }: Looked & { held: Held }): boolean {
  if (watched.rotates === 'key') return false
  if (state.clock.now() <= held.made + strayMs || isRotating(secret)) return true
  return watched.rotates === 'webhook' && watched.created <= held.made + strayMs
}

const isRotating = ({ versions }: Secret): boolean =>
  [...versions.values()].some(({ labels }) => labels.has('AWSPENDING') && !labels.has('AWSCURRENT'))
