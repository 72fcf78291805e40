import type { Authenticator } from './authenticator.ts'
import type { Config } from './config.ts'
import type { Dfns } from './dfns.ts'
import { isProblem, Problem } from './problems.ts'
import type { Session } from './replies.ts'
import type { Busy, Done, Notice, Screen, State } from './state.ts'

/** What the page is made of, so that a test may put in its own. */
export interface Parts {
  readonly config: Config
  readonly dfns: Dfns
  readonly authenticator: Authenticator
  /** Milliseconds of the device's clock. */
  readonly now: () => number
  readonly pause: (ms: number) => Promise<void>
}

/** Who is signed in. The token is nowhere else: a reload forgets it, and the passkey opens a new session. */
export interface SignedIn extends Session {
  /** The passkey it was opened with. */
  readonly credentialId: string
  /** Milliseconds that Dfns's clock is ahead of the device's. */
  readonly clockAhead: number
}

/** The page's state, the session, and the one lock that keeps two actions apart. */
export interface Store extends Parts {
  state(): State
  set(change: Partial<State>): void
  show(screen: Screen, notice?: Notice): void
  /** The session; without one `session-over` is thrown. */
  session(): SignedIn
  isOpen(): boolean
  open(session: SignedIn | undefined): void
  /**
   * Runs an action unless another one is running: a second click does nothing. A `Problem` becomes the
   * notice; any other error is a defect of the page, and is thrown on once the notice says so.
   */
  run(action: (signal: AbortSignal) => Promise<void>): Promise<void>
  /** Marks what the page waits for while `work` lasts. */
  waiting<T>(busy: Busy, work: () => Promise<T>): Promise<T>
  /** Ends the prompt that is open. */
  stop(): void
}

export function createStore(parts: Parts & { initial: State; onChange: (state: State) => void }): Store {
  let state = parts.initial
  let session: SignedIn | undefined
  let running: AbortController | undefined

  const set = (change: Partial<State>): void => {
    state = { ...state, ...change }
    parts.onChange(state)
  }

  const fail = (error: unknown): void => {
    if (isProblem(error, 'session-over') && state.account !== undefined) {
      session = undefined
      set({ screen: { name: 'sign-in' }, account: undefined, isStale: false, notice: done('session-over') })
      return
    }
    const { code, status } = error instanceof Problem ? error : new Problem('defect')
    set({ notice: { kind: 'problem', code, status } })
    if (!(error instanceof Problem)) throw error
  }

  return {
    ...parts,
    state: () => state,
    set,
    show: (screen, notice) => set({ screen, notice }),
    session: () => {
      if (session === undefined) throw new Problem('session-over')
      return session
    },
    isOpen: () => session !== undefined,
    open: (opened) => {
      session = opened
    },
    run: async (action) => {
      if (running !== undefined) return
      running = new AbortController()
      set({ busy: 'dfns', notice: undefined })
      try {
        await action(running.signal)
      } catch (error) {
        fail(error)
      } finally {
        running = undefined
        set({ busy: undefined })
      }
    },
    waiting: async (busy, work) => {
      set({ busy })
      try {
        return await work()
      } finally {
        set({ busy: 'dfns' })
      }
    },
    stop: () => running?.abort(),
  }
}

/** The notice of something that was done. */
export function done(what: Done, label?: string): Notice {
  return { kind: 'done', what, ...(label !== undefined && { label }) }
}

/** Dfns's time, by the session's token: a device's own clock may be minutes off. */
export function dfnsNow(store: Store): number {
  return store.now() + (store.isOpen() ? store.session().clockAhead : 0)
}
