import type { KeyAlgorithm } from '../crypto/algorithms.ts'
import type { Lineage } from '../crypto/lineage.ts'
import type { RotationError } from '../errors.ts'
import type { Dfns, Identity } from '../ports/dfns.ts'
import type { Time } from '../ports/time.ts'
import type { DocumentLimits, DocumentSource, Generation } from './document.ts'
import type { JsonObject } from './json.ts'

/** Who signs for a new key: the identity itself, or the user whose key the secret at `signerArn` holds. */
export type Strategy = 'self' | 'signer'

/** What the tag dfns-rotator:strategy may say. */
export type Wish = Strategy | 'auto'

/** One of createSecret's questions, and its answer. */
export interface Probe {
  readonly question: string
  /** Absent: the answer was yes. */
  readonly failure?: RotationError
}

/** What is to be deactivated: all that has to be known of it is its id. */
export interface Superseded {
  readonly id: string
  readonly credentialUuids?: readonly string[]
  /** How errors and logs call it. */
  readonly on: string
}

/** A deactivation that can be carried out, and taken back as far as it was. */
export interface Deactivation {
  /** Every uuid under the superseded credential's id, also those that were not active any more. */
  readonly credentialUuids: readonly string[]
  readonly perform: () => Promise<void>
  /** Whether any of them is deactivated: by this, or by an attempt before. */
  readonly isBegun: () => boolean
  /** Proves by a signature that the current generation is accepted. */
  readonly prove: () => Promise<void>
  readonly undo: () => Promise<void>
  /** Fails if Dfns goes on listing one of them as active: success was answered, and nothing done. */
  readonly confirm: () => Promise<void>
}

/**
 * One kind of Dfns credential. Secrets Manager may repeat a step, run it twice at once, or see it killed
 * anywhere: every method may be called again with the same arguments, and then changes nothing more.
 */
export interface Credential<G extends Generation> {
  read(source: DocumentSource, limits: DocumentLimits): G
  /** Makes the successor of `current`: its document is all that is ever stored. Dfns does not hear of it. */
  create(rotation: { current: G; lineage: Lineage; algorithm: KeyAlgorithm | 'same' }): Promise<JsonObject>
  /**
   * Asks, by calls without effect, for all that the later phases need; no further than a no that rules out
   * the rest.
   */
  probe(rotation: { current: G }): Promise<readonly Probe[]>
  /**
   * Makes Dfns accept `pending` beside `current`. Where it does already, nothing else matters, `current`
   * included.
   */
  register(rotation: { current: () => Promise<G>; pending: G; lineage: Lineage }): Promise<void>
  /**
   * Proves that Dfns accepts `generation` and that it is the identity `as`, without effect. A `fresh` one,
   * which may take a moment to be known everywhere, is given that moment.
   */
  verify(rotation: { generation: G; as: G; fresh: boolean }): Promise<void>
  /** Fails unless `pending` follows from `current` by a rotation and nothing else. */
  assertFollows(rotation: { current: G; pending: G }): void
  /** Fails unless an older version is of the identity of `current`, which cannot retire another's. */
  assertSameIdentity(versions: { current: G; superseded: JsonObject; on: string }): void
  /** What makes Dfns refuse `superseded`, told so by `current`; without effect until it is performed. */
  deactivate(rotation: { current: G; superseded: Superseded }): Promise<Deactivation>
  /** Every uuid under the id of `generation`, as Dfns lists them. */
  credentialUuids(generation: G): Promise<readonly string[]>
  /**
   * The id under which Dfns lists one of these uuids, told to `current`; nothing if it lists none of them.
   */
  idOf(listed: { current: G; credentialUuids: readonly string[] }): Promise<string | undefined>
  /**
   * Whether `superseded` signed anything since then; nothing where `current` may not read Dfns's audit log.
   */
  isUsedSince(use: { current: G; superseded: Superseded; since: Date }): Promise<boolean | undefined>
}

/** What a kind has to work with. */
export interface Means {
  readonly dfnsAs: (identity: Identity) => Dfns
  readonly time: Time
  readonly limits: DocumentLimits
  /** The secret's tag; `auto` without one. */
  readonly strategy: Wish
  /** The text of another secret's AWSCURRENT; nothing if it has none, or it is binary. */
  readonly readSecret: (arn: string) => Promise<string | undefined>
  /** Asks once in an invocation, whoever asks for the same. A failure is not remembered. */
  readonly once: <T>(question: string, ask: () => Promise<T>) => Promise<T>
}
