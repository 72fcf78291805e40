import type { AlgorithmChoice } from '../crypto/algorithms.ts'
import type { Lineage } from '../crypto/lineage.ts'
import type { RotationError } from '../errors.ts'
import type { Dfns, Identity } from '../ports/dfns.ts'
import type { DfnsAccounts } from '../ports/dfns-accounts.ts'
import type { Webhooks } from '../ports/dfns-webhooks.ts'
import type { Log } from '../ports/log.ts'
import type { Time } from '../ports/time.ts'
import type { DocumentLimits, DocumentSource, Generation } from './document.ts'
import type { JsonObject } from './json.ts'

/**
 * Who signs for a new key: the identity itself, or the user whose key the secret at `signerArn` holds; or
 * that user makes a new identity, and the old one is deactivated.
 */
export type Strategy = 'self' | 'signer' | 'replace'

/** What the tag dfns-rotator:strategy may say. */
export type Wish = Strategy | 'auto'

/** Whether a receiver that refuses a new webhook's ping stops the rotation: dfns-rotator:webhook-ping. */
export type WebhookPing = 'required' | 'best-effort'

/** One of createSecret's questions, and its answer. */
export interface Probe {
  readonly question: string
  /** Absent: the answer was yes, or is not known. */
  readonly failure?: RotationError
  /** Names and ids that go with a yes. */
  readonly note?: string
  /** Why nobody can tell without an effect: that is no failure. */
  readonly unknown?: string
}

/** What else the labels of a secret name, beside AWSCURRENT. */
export interface Labelled {
  /** Ids of the versions with one of AWS's labels, but for the one that AWSCURRENT was read from. */
  readonly versionIds: readonly string[]
  /** AWSPREVIOUS, if there is one. */
  readonly previous: () => Promise<Generation | undefined>
}

/** The successor of a generation, before Dfns hears of it. */
export interface Draft {
  /** What will be stored; of what Dfns chooses itself, something of the same form. */
  readonly document: JsonObject
  /** Makes at Dfns what has to be there before the document can be stored; for most kinds that is nothing. */
  readonly make: () => Promise<Successor>
  /** Whether the token is renewed together with the key: known before Dfns is asked, or not. */
  readonly renewsToken?: boolean
}

/** What is stored as AWSPENDING, with what was made for it. */
export interface Successor {
  readonly document: JsonObject
  /** Removes what was made, where another invocation stored its own. */
  readonly discard: () => Promise<void>
}

/** The objects at Dfns that a retirement is about: a schedule names them. */
export type What =
  | { readonly credentialUuids: readonly string[] }
  | { readonly serviceAccountId: string }
  | { readonly tokenId: string }
  | { readonly webhookId: string }

/** What is to be deactivated: all that has to be known of it is its id. */
export interface Superseded {
  readonly id: string
  readonly what?: What
  /** How errors and logs call it. */
  readonly on: string
  /** Its document, where its version is still there. */
  readonly fields?: JsonObject
}

/** A deactivation that can be carried out, and taken back as far as it was. */
export interface Deactivation {
  /** Ids at Dfns of all that it is about, also of what was not active any more. */
  readonly ids: readonly string[]
  readonly perform: () => Promise<void>
  /** Nothing takes it back: then `undo` is never called. */
  readonly isFinal?: boolean
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
  /** The successor of `current`: its document is all that is ever stored. Dfns does not hear of it yet. */
  create(rotation: {
    current: G
    lineage: Lineage
    algorithm: AlgorithmChoice
    labelled?: Labelled
    /** Whether its token ends too soon for another rotation. */
    isTokenExpiring?: boolean
  }): Promise<Draft>
  /**
   * Asks, by calls without effect, for all that the later phases need; no further than a no that rules out
   * the rest.
   */
  probe(rotation: { current: G; labelled?: Labelled; isTokenExpiring?: boolean }): Promise<readonly Probe[]>
  /**
   * Makes Dfns accept `pending` beside `current`. Where it does already, nothing else matters, `current`
   * included.
   */
  register(rotation: { current: () => Promise<G>; pending: G; lineage: Lineage }): Promise<void>
  /**
   * Proves that Dfns accepts `generation` and that it is the identity `as`, without effect. A `fresh` one,
   * which may take a moment to be known everywhere, is given that moment. `again`: it was proved before.
   */
  verify(rotation: { generation: G; as: G; fresh: boolean; again?: boolean }): Promise<void>
  /** Fails unless `pending` follows from `current` by a rotation and nothing else. */
  assertFollows(rotation: { current: G; pending: G }): void
  /**
   * Fails unless an older version is of the identity of `current`, which cannot retire another's, or `what`
   * says that it is of the very identity that was replaced.
   */
  assertSameIdentity(versions: { current: G; superseded: JsonObject; on: string; what?: What }): void
  /** What makes Dfns refuse `superseded`, told so by `current`; without effect until it is performed. */
  deactivate(rotation: { current: G; superseded: Superseded }): Promise<Deactivation>
  /** What a retirement of `superseded` will be about, once `pending` is current. */
  whatOf(rotation: { superseded: G; pending: G }): Promise<What>
  /** The id under which Dfns lists one of these, told to `current`; nothing if it lists none of them. */
  idOf(listed: { current: G; what: What }): Promise<string | undefined>
  /**
   * Whether `superseded` signed anything since then; nothing where `current` may not read Dfns's audit log.
   */
  isUsedSince(use: { current: G; superseded: Superseded; since: Date }): Promise<boolean | undefined>
  /**
   * Whether a rotation of this very secret made what Dfns knows by `id`. Absent where the id itself tells.
   */
  isOurs?(asked: { current: G; id: string }): Promise<boolean>
}

/** What a kind has to work with. */
export interface Means {
  readonly dfnsAs: (identity: Identity) => Dfns
  readonly webhooksAs: (identity: Identity) => Webhooks
  readonly accountsAs: (identity: Identity) => DfnsAccounts
  readonly time: Time
  readonly limits: DocumentLimits
  /** The secret's tag; `auto` without one. */
  readonly strategy: Wish
  /** The secret's tag; `required` without one. */
  readonly webhookPing: WebhookPing
  readonly log: Log
  /** The text of another secret's AWSCURRENT; nothing if it has none, or it is binary. */
  readonly readSecret: (arn: string) => Promise<string | undefined>
  /** Whether an earlier attempt can have asked for the same change; then its approval is looked for first. */
  readonly mayHaveAsked: () => Promise<boolean>
  /** Told of a change that waits for its approval, for `mayHaveAsked` of the next attempt. */
  readonly rememberAsked: () => Promise<void>
  /** Asks once in an invocation, whoever asks for the same. A failure is not remembered. */
  readonly once: <T>(question: string, ask: () => Promise<T>) => Promise<T>
}
