import type { Attestation } from './authenticator.ts'
import type { Account } from './passkeys.ts'
import type { ProblemCode } from './problems.ts'

/** The product's four words, in their order, and the end. */
export const steps = ['create', 'register', 'verify', 'deactivate'] as const
export type Step = (typeof steps)[number]

/** A passkey that an authenticator made and that Dfns may not know yet. */
export interface Made {
  readonly attestation: Attestation
  readonly challengeIdentifier: string
}

/** One passkey on its way to replace another. */
export interface Replacing {
  readonly name: 'replace'
  /** Uuid of the passkey that is to go. */
  readonly old: string
  readonly step: Step | 'done'
  readonly label: string
  /** From create to register. */
  readonly made?: Made
  /** Uuid of the new passkey, once Dfns has it. */
  readonly fresh?: string
  /** Whether Dfns may have registered it without our hearing so. */
  readonly isUnclear?: boolean
  /** The person was asked what shall become of the new passkey. */
  readonly asksHowToEnd?: boolean
}

/** Getting a one-time code, and waiting until somebody has used it. */
export interface Adding {
  readonly name: 'add'
  readonly code?: string
  /** Milliseconds of Dfns's clock. */
  readonly expires?: number
  /** Whole seconds that the code is still good for. */
  readonly left?: number
  /** Uuids that were there when the code was made. */
  readonly before?: readonly string[]
  /** Uuid of the passkey that came by the code. */
  readonly added?: string
}

/** Redeeming a one-time code: nobody is signed in. */
export interface Redeeming {
  readonly name: 'redeem'
  readonly step: 'code' | 'verify'
  readonly code: string
  readonly label: string
  /** `unclear`: Dfns may have registered the passkey; signing in with it tells. */
  readonly outcome?: 'registered' | 'unclear'
  /** Of the passkey that was made here. */
  readonly credId?: string
}

export type Screen =
  | { readonly name: 'broken'; readonly problem: ProblemCode }
  | { readonly name: 'sign-in' }
  | { readonly name: 'passkeys' }
  | { readonly name: 'deactivate'; readonly uuid: string }
  | Replacing
  | Adding
  | Redeeming

/** What the page waits for. */
export type Busy = 'dfns' | 'passkey' | 'new-passkey'

/** What came of the last action; `words.ts` has the sentences. */
export type Notice =
  | { readonly kind: 'problem'; readonly code: ProblemCode; readonly status?: number | undefined }
  | { readonly kind: 'done'; readonly what: Done; readonly label?: string }

export type Done =
  | 'signed-out'
  | 'signed-out-here'
  | 'activated'
  | 'deactivated'
  | 'deactivated-own'
  | 'undone'
  | 'not-begun'
  | 'not-registered'
  | 'not-listed'
  | 'new-one-deactivated'
  | 'both-kept'
  | 'sign-in-with-new'
  | 'sign-in-to-prove'
  | 'sign-in-to-find-out'
  | 'proven'
  | 'session-over'

/** All that the page shows. */
export interface State {
  readonly screen: Screen
  readonly busy?: Busy | undefined
  readonly notice?: Notice | undefined
  /** There while somebody is signed in. */
  readonly account?: Account | undefined
  /** Whether something may have changed at Dfns since the list was read. */
  readonly isStale: boolean
  /** Never kept but in the page's address, so that a reload asks for the passkey alone. */
  readonly username: string
  readonly orgId: string
}
