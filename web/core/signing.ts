import type { Assertion } from './authenticator.ts'
import { type SignedRequest, changeRequest } from './dfns.ts'
import { type Account, find } from './passkeys.ts'
import { isProblem, mayHaveHappened, Problem } from './problems.ts'
import type { Challenge, Credential } from './replies.ts'
import type { Store } from './store.ts'

// Milliseconds. A listing may lag behind what it lists; four looks take three and a half seconds.
const pauses = [500, 1_000, 2_000]

/** The account; without one nobody is signed in. */
export function accountOf(store: Store): Account {
  const { account } = store.state()
  if (account === undefined) throw new Problem('session-over')
  return account
}

/** Reads the list anew. If that fails, the page says that it may be out of date. */
export async function look(store: Store): Promise<Account> {
  const { token } = store.session()
  const listed = await store.dfns.listCredentials(token).catch((error: unknown) => {
    store.set({ isStale: true })
    throw error
  })
  const before = accountOf(store)
  const isListed = ({ credentialUuid }: Credential) =>
    listed.some((other) => other.credentialUuid === credentialUuid)
  const registered = before.registered.filter((credential) => !isListed(credential))
  const account = { ...before, registered, credentials: withUnlisted(listed, registered) }
  store.set({ account, isStale: false })
  return account
}

/** A list and what it does not have yet, oldest first. */
export function withUnlisted(
  listed: readonly Credential[],
  registered: readonly Credential[],
): readonly Credential[] {
  const unlisted = registered.filter(
    ({ credentialUuid }) => !listed.some((other) => other.credentialUuid === credentialUuid),
  )
  return [...listed, ...unlisted].toSorted((one, other) => one.dateCreated - other.dateCreated)
}

/** Looks until the list shows what was looked for, or for three and a half seconds. */
export async function lookFor<T>(
  store: Store,
  found: (account: Account) => T | undefined,
): Promise<T | undefined> {
  for (const pause of pauses) {
    const seen = found(await look(store))
    if (seen !== undefined) return seen
    await store.pause(pause)
  }
  return found(await look(store))
}

/** Asks for the signature of one of these passkeys, and takes no other's. */
export async function prompt(
  store: Store,
  given: { challenge: Challenge; allowed: readonly string[]; signal: AbortSignal },
): Promise<Assertion> {
  const { challenge, allowed, signal } = given
  const assertion = await store.waiting('passkey', () =>
    store.authenticator.get({
      challenge: challenge.challenge,
      rpId: store.config.relyingParty.id,
      allowed,
      userVerification: challenge.userVerification,
      signal,
    }),
  )
  if (allowed.length > 0 && !allowed.includes(assertion.credId)) throw new Problem('wrong-passkey')
  noteSeen(store, assertion)
  return assertion
}

/** Remembers, until the page is left, that a passkey answered in this browser. */
export function noteSeen(store: Store, seen: Pick<Assertion, 'credId' | 'attachment'>): void {
  const { account } = store.state()
  if (account === undefined) return
  const seenHere = new Map(account.seenHere).set(seen.credId, seen.attachment)
  store.set({ account: { ...account, seenHere } })
}

interface Signing {
  readonly request: SignedRequest
  /** The passkeys one of which must sign. */
  readonly signers: readonly Credential[]
  readonly signal: AbortSignal
}

/** A user action for a request, which is not sent. */
export async function signUserAction(store: Store, given: Signing): Promise<string> {
  const { request, signers, signal } = given
  if (signers.length === 0) throw new Problem('last-passkey')
  const { token } = store.session()
  const challenge = await store.dfns.createUserActionChallenge({ token, request })
  const allowed = signers.map(({ credentialId }) => credentialId)
  const assertion = await prompt(store, { challenge, allowed, signal })
  const { challengeIdentifier } = challenge
  try {
    return await store.dfns.createUserActionSignature({ token, challengeIdentifier, assertion })
  } catch (error) {
    if (isProblem(error, 'signature-refused')) await refuseDeadSession(store)
    throw error
  }
}

/**
 * A refused signature is the passkey's fault only if the session still passes: an expired one does not, nor
 * may one whose own passkey was deactivated.
 */
async function refuseDeadSession(store: Store): Promise<void> {
  const { credentialId } = store.session()
  const { credentials } = await look(store)
  const own = credentials.find((credential) => credential.credentialId === credentialId)
  if (own?.isActive === false) throw new Problem('session-over')
}

/**
 * Activates or deactivates a credential. Whatever is answered, or is not, the list decides: it is changed if
 * the list says so.
 */
export async function changeCredential(
  store: Store,
  change: Omit<Signing, 'request'> & { uuid: string; isActive: boolean },
): Promise<void> {
  const { uuid, isActive } = change
  const request = changeRequest({ credentialUuid: uuid, isActive })
  const userAction = await signUserAction(store, { ...change, request })
  const { token } = store.session()
  const failure = await outcomeOf(store.dfns.changeCredential({ token, userAction, request }))
  const isThere = (account: Account) => find({ account, uuid })?.isActive === isActive || undefined
  if (failure === undefined || mayHaveHappened(failure)) {
    if (await lookFor(store, isThere)) return
    throw failure ?? new Problem('not-changed')
  }
  // A browser repeats by itself what broke on a connection of before; only the second one is then heard.
  if (!isThere(await look(store))) throw failure
}

async function outcomeOf(call: Promise<unknown>): Promise<unknown> {
  try {
    await call
    return undefined
  } catch (error) {
    return error
  }
}
