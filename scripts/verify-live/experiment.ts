import type { Asker } from './dfns.ts'

/** What an experiment works with. */
export interface Live {
  /** The identity in the secret; a user is logged in. */
  readonly own: Asker
  /** Of the document. */
  readonly kind: string
  readonly orgId: string
  readonly username: string | undefined
  /** The user in the secret at `signerArn`, logged in; nothing if there is none. */
  readonly signer: Asker | undefined
  /** Waits, in milliseconds. */
  readonly pause: (ms: number) => Promise<void>
}

/** One answer: what was seen, and by which switch of the simulator it is known. */
export interface Seen {
  /** The row of docs/unknowns.md. */
  readonly switch: string
  readonly seen: string
}

/** One question of docs/unknowns.md, asked of a live organisation. */
export interface Experiment {
  readonly name: string
  /** Whether it makes something, which it removes again; without that it only asks. */
  readonly writes: boolean
  /** Nothing where the question does not arise, or could not be answered; `why` then says so. */
  run(live: Live): Promise<readonly (Seen | { readonly why: string })[]>
}
