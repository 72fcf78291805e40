import { isProblem, Problem } from './problems.ts'
import type { Notice, Screen } from './state.ts'
import { done, type Store } from './store.ts'
import { accountOf, look, prompt } from './signing.ts'

/** Signing in and out, and the list. */
export function signingIn(store: Store) {
  return {
    /** Without a username the browser offers every passkey that it knows for this domain. */
    signIn: (given: { username: string; orgId: string }) =>
      store.run((signal) => signIn(store, { ...given, signal })),
    signOut: () => store.run(() => signOut(store)),
    /** Reads the list anew. */
    refresh: () =>
      store.run(async () => {
        await look(store)
      }),
    /** Goes to a screen that no work belongs to. */
    go: (screen: Screen) => {
      if (store.state().busy === undefined) store.show(screen)
    },
    dismiss: () => store.set({ notice: undefined }),
    stop: () => store.stop(),
  }
}

async function signIn(
  store: Store,
  given: { username: string; orgId: string; signal: AbortSignal },
): Promise<void> {
  const username = given.username.trim()
  const orgId = store.config.orgId ?? given.orgId.trim()
  store.set({ username, orgId })
  const { screen } = store.state()
  const challenge = await store.dfns.createLoginChallenge({ orgId, username })
  const { challengeIdentifier } = challenge
  // A passkey that was just redeemed is to prove itself, and Dfns's own list may not have it yet.
  const allowed = screen.name === 'redeem' && screen.credId ? [screen.credId] : challenge.allowed
  const assertion = await prompt(store, { challenge, allowed, signal: given.signal })
  const session = await store.dfns.login({ challengeIdentifier, assertion })
  if (session === undefined) throw new Problem('sso')
  const clockAhead = session.issuedAt === undefined ? 0 : session.issuedAt - store.now()
  store.open({ ...session, credentialId: assertion.credId, clockAhead })
  const seenHere = new Map([[assertion.credId, assertion.attachment]])
  store.set({ account: { credentials: [], registered: [], seenHere, rpId: store.config.relyingParty.id } })
  const isProof = screen.name === 'redeem'
  store.show({ name: 'passkeys' }, isProof ? done('proven') : undefined)
  await look(store)
}

async function signOut(store: Store): Promise<void> {
  const { token } = store.session()
  leave(store)
  store.show({ name: 'sign-in' })
  const isHeard = await store.dfns.logout(token).then(
    () => true,
    // A session that ended by itself is what was asked for.
    (error: unknown) => isProblem(error, 'session-over'),
  )
  store.set({ notice: done(isHeard ? 'signed-out' : 'signed-out-here') })
}

/**
 * Whether the session's own passkey was deactivated: Dfns may take no more signatures for such a session, so
 * another passkey has to open the next one.
 */
export async function leaveIfOver(store: Store, notice: Notice): Promise<boolean> {
  const { credentialId, token } = store.session()
  const own = accountOf(store).credentials.find((credential) => credential.credentialId === credentialId)
  if (own?.isActive !== false) return false
  leave(store)
  store.show({ name: 'sign-in' }, notice)
  // It is over anyhow, whether Dfns hears of it or not.
  await store.dfns.logout(token).catch(() => undefined)
  return true
}

/** Forgets who was signed in. */
function leave(store: Store): void {
  store.open(undefined)
  store.set({ account: undefined, isStale: false })
}
