import { cachedSecret } from './caching.ts'
import { type DeliveriesOptions, type InstanceParts, runDeliveries } from './deliveries.ts'
import { libraryVerify } from './library.ts'
import { plainVerify } from './receivers.ts'
import { deliveriesResult, type ProofResult, signingResult } from './report.ts'
import { type Reader, type RunOptions, runConsumers } from './run.ts'

const minuteMs = 60_000
const hourMs = 60 * minuteMs

/** Caches of 5 minutes to an hour; AWS's own clients keep a secret for up to an hour. */
const withLibrary: readonly Reader[] = [
  { sort: 'library', ttlMs: hourMs },
  { sort: 'library', ttlMs: 5 * minuteMs },
  { sort: 'library', ttlMs: 20 * minuteMs },
]
const withoutLibrary: readonly Reader[] = [
  { sort: 'plain', ttlMs: hourMs },
  { sort: 'plain', ttlMs: 5 * minuteMs },
]

type Size = { readonly seed: number; readonly rotations: number; readonly applications?: number }

/**
 * Graces as they are by default, and the shortest that a cache of an hour, ten minutes without Secrets Manager and a retry
 * that is late leave room for. Every kind and strategy under both.
 */
export const withGrace = ({ applications = 50, ...size }: Size): RunOptions => ({
  ...size,
  applications,
  paces: [
    { grace: 'PT2H', every: 3 * hourMs },
    { grace: 'PT24H', every: 8 * hourMs },
  ],
  readers: [withoutLibrary[0], withLibrary[0], withoutLibrary[1], withLibrary[1]].filter(
    (reader) => reader !== undefined,
  ),
  secretsManagerGoesAway: true,
})

/** No grace at all: the superseded key is refused from the moment of the move on. */
export const withoutGrace = ({
  applications = 50,
  readers = withLibrary,
  ...size
}: Size & { readonly readers?: readonly Reader[] }): RunOptions => ({
  ...size,
  applications,
  paces: [{ grace: 'PT0S', every: hourMs }],
  readers,
})

export const plainReaders = withoutLibrary
/** The library, whose secrets are not read anew because of a refusal. */
export const deafReaders: readonly Reader[] = withLibrary.map((reader) => ({ ...reader, isDeaf: true }))

/** Instances of a receiver with the library. */
export const libraryInstances: DeliveriesOptions['instances'] = [hourMs, 5 * minuteMs, 30 * minuteMs].map(
  (ttlMs) => (parts: InstanceParts) => libraryVerify({ ...parts, ttlMs }),
)

/** Instances that know AWSCURRENT alone, from a cache that lasts `ttlMs` at most. */
export const plainInstances = (...ttlMs: readonly number[]): DeliveriesOptions['instances'] =>
  ttlMs.map((longest) => (parts: InstanceParts) => {
    const secret = cachedSecret({ ...parts, ttlMs: longest })
    return plainVerify({ secret, now: parts.now })
  })

/** An event every two minutes or so, each delivered by both webhooks of a rotation. */
export const deliveries = (size: Size): DeliveriesOptions => ({
  ...size,
  eventEvery: 2 * minuteMs,
  instances: libraryInstances,
})

/** The whole proofs in virtual time, by name: what `npm run prove` runs, each in a thread of its own. */
export const wholeProofs = {
  'applications, grace PT2H and PT24H': (seed: number) =>
    runConsumers(withGrace({ seed, rotations: 500 })).then(signingResult),
  'applications, grace PT0S': (seed: number) =>
    runConsumers(withoutGrace({ seed, rotations: 500 })).then(signingResult),
  'webhook deliveries': (seed: number) =>
    runDeliveries(deliveries({ seed, rotations: 50 })).then(deliveriesResult),
} as const satisfies Record<string, (seed: number) => Promise<ProofResult>>

export type WholeProof = keyof typeof wholeProofs
