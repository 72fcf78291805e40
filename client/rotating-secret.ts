import { type Cached, cached } from './cached.ts'
import { type Clock, clock, systemClock } from './clock.ts'
import { readDocument, type SecretDocument, type SecretDocuments, type SecretKind } from './document.ts'
import { ClientError } from './errors.ts'
import { type FetchSecret, fromSecretsManager, type StagingLabel } from './fetch-secret.ts'

/** A secret as it is at one moment. What belongs together (token, id, key) is taken from one of them. */
export interface Snapshot<D extends SecretDocument = SecretDocument> {
  /** The document under AWSCURRENT: what to use. */
  readonly active: D
  /** Version id of `active`. */
  readonly versionId: string
  /**
   * What is accepted beside it: the documents under AWSPENDING and AWSPREVIOUS. Empty unless asked for with
   * `get({ alsoAccepted: true })`.
   */
  readonly alsoAccepted: readonly D[]
}

/** A secret that is kept in memory, and read anew before it is too old. */
export interface RotatingSecret<D extends SecretDocument = SecretDocument> {
  readonly secretId: string
  /**
   * From memory; waits for a reading only at first, and where the process slept past the TTL. ERR_STORE,
   * ERR_DOCUMENT, ERR_KIND.
   */
  get(options?: { readonly alsoAccepted?: boolean }): Promise<Snapshot<D>>
  /**
   * To be told that Dfns refused what a snapshot holds. Answers with a newer one if there is one: what is
   * held, or what is read now. One version is read again for this at most three times at once, and then once
   * in `refusalInterval`, however many callers were refused.
   */
  refused(snapshot: Snapshot<D>): Promise<Snapshot<D>>
  readonly [clock]: Clock
}

export interface RotatingSecretOptions<K extends SecretKind = SecretKind> {
  /** The kind it has to be of; decides the type of the documents. */
  readonly kind?: K
  /** How old, in milliseconds, a document may be; 5 minutes unless told otherwise, and 1 second at least. */
  readonly ttl?: number
  /**
   * The share of the TTL over which refreshing is spread, so that a fleet does not ask at once: 0 to 0.8;
   * 0.2.
   */
  readonly jitter?: number
  /** How much longer, in milliseconds, a document is used while the secret cannot be read; 1 hour. */
  readonly staleFor?: number
  /**
   * Milliseconds from one reading to the next because one version is refused, in the long run; 10 seconds.
   */
  readonly refusalInterval?: number
  /** Where it is read; Secrets Manager unless told otherwise. */
  readonly fetchSecret?: FetchSecret
  readonly [clock]?: Clock
}

interface Version<D> {
  readonly versionId: string
  readonly document: D
}

/** Keeps the secret of this name or ARN. Nothing is read before it is asked for. */
export function rotatingSecret<const K extends SecretKind = SecretKind>(
  secretId: string,
  options: RotatingSecretOptions<K> = {},
): RotatingSecret<SecretDocuments[K]> {
  type D = SecretDocuments[K]
  const { kind, fetchSecret = fromSecretsManager(), [clock]: time = systemClock } = options
  const rules = { ...rulesOf(options), clock: time, name: secretId }
  const read = readerOf<D>({ secretId, kind, fetchSecret })

  const current: Cached<Version<D>> = cached(async (reading) => {
    const version = await read({ label: 'AWSCURRENT', ...reading })
    if (version === undefined)
      throw new ClientError('ERR_STORE', `${secretId}: no version under AWSCURRENT has a value`)
    const held = current.held()
    // A version never changes, and its parsed key and its user's session are kept by its document.
    return held?.versionId === version.versionId ? held : version
  }, rules)

  const others = cached(async (reading): Promise<readonly Version<D>[]> => {
    const labels = ['AWSPENDING', 'AWSPREVIOUS'] as const
    const found = await Promise.all(labels.map((label) => read({ label, ...reading }).catch(passUnusable)))
    return found.filter((version) => version !== undefined)
  }, rules)

  /** What stands beside a version is read anew with the next one. */
  let besides: string | undefined
  const standingBeside = async ({ versionId }: Version<D>): Promise<readonly Version<D>[]> => {
    if (besides !== versionId) others.forget()
    besides = versionId
    return others.get().catch(() => [])
  }

  const whole = new WeakSet<Snapshot<D>>()
  const get: RotatingSecret<D>['get'] = async ({ alsoAccepted = false } = {}) => {
    const active = await current.get()
    if (!alsoAccepted) return snapshotOf(active, [])
    const snapshot = snapshotOf(active, await standingBeside(active))
    whole.add(snapshot)
    return snapshot
  }

  const readAgain = rereader({ time, interval: rules.refusalInterval })
  return {
    secretId,
    get,
    async refused(snapshot) {
      const { versionId } = snapshot
      const isWhole = whole.has(snapshot)
      const caches = isWhole ? [current, others] : [current]
      if (current.held()?.versionId === versionId) await readAgain(versionId, caches)
      return get({ alsoAccepted: isWhole })
    },
    [clock]: time,
  }
}

/** Reads caches anew because a version is refused, unless it was read often enough; joins one under way. */
function rereader(rules: { time: Clock; interval: number }) {
  const mayRead = rereadings(rules)
  let reading: Promise<unknown> | undefined
  return async (versionId: string, caches: readonly Pick<Cached<unknown>, 'refresh'>[]): Promise<void> => {
    if (reading === undefined && mayRead(versionId)) {
      reading = Promise.allSettled(caches.map((cache) => cache.refresh())).then(() => {
        reading = undefined
      })
    }
    await reading
  }
}

/**
 * Whether a version may be read again because it was refused. What is refused for good, or for another
 * reason, must not become a stream of readings; but a few at once are allowed, so that such a refusal does
 * not hide a rotation that follows it at once.
 */
function rereadings({ time, interval }: { time: Clock; interval: number }): (versionId: string) => boolean {
  const atOnce = 3
  let of: string | undefined
  let taken: number[] = []
  return (versionId) => {
    const now = time.now()
    if (of !== versionId) taken = []
    of = versionId
    taken = taken.filter((at) => at <= now && now - at < interval * atOnce)
    const isAllowed = taken.length < atOnce
    if (isAllowed) taken.push(now)
    return isAllowed
  }
}

/** One reading of one label. What a hook throws may hold anything, and is not passed on. */
function readerOf<D extends SecretDocument>(of: {
  secretId: string
  kind: SecretKind | undefined
  fetchSecret: FetchSecret
}) {
  const { secretId, kind, fetchSecret } = of
  return async (request: {
    label: StagingLabel
    refresh: boolean
    signal: AbortSignal
  }): Promise<Version<D> | undefined> => {
    const on = `${request.label} of ${secretId}`
    const fetched = await fetchSecret({ secretId, ...request }).catch((error: unknown) => {
      if (error instanceof ClientError) throw error
      throw new ClientError('ERR_STORE', `${on} could not be read`, { retryable: true })
    })
    if (fetched === undefined) return undefined
    const { versionId, text } = fetched
    return { versionId, document: readDocument({ text, on, kind }) as D }
  }
}

/**
 * A role may be allowed AWSCURRENT alone, and a version may hold no document yet: then there is none beside.
 */
function passUnusable(error: unknown): undefined {
  if (error instanceof ClientError && !error.retryable) return undefined
  throw error
}

function snapshotOf<D extends SecretDocument>(
  { versionId, document }: Version<D>,
  others: readonly Version<D>[],
): Snapshot<D> {
  // AWSPENDING may stay on the version that it led to AWSCURRENT.
  const beside = others.filter((other) => other.versionId !== versionId)
  return { active: document, versionId, alsoAccepted: beside.map((other) => other.document) }
}

function rulesOf(options: RotatingSecretOptions) {
  const { ttl = 300_000, jitter = 0.2, staleFor = 3_600_000, refusalInterval = 10_000 } = options
  const within = (value: number, least: number, most = Number.MAX_SAFE_INTEGER) =>
    value >= least && value <= most
  if (!within(ttl, 1_000)) throw new RangeError('ttl: at least 1000 milliseconds')
  if (!within(jitter, 0, 0.8)) throw new RangeError('jitter: from 0 to 0.8')
  if (!within(staleFor, 0)) throw new RangeError('staleFor: 0 milliseconds or more')
  if (!within(refusalInterval, 1_000)) throw new RangeError('refusalInterval: at least 1000 milliseconds')
  return { ttl, jitter, staleFor, refusalInterval }
}
