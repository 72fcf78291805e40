import { createCredentialRequest, type SignedRequest } from './dfns.ts'
import { markedName } from './names.ts'
import { type Account, signersHere } from './passkeys.ts'
import { isProblem, mayHaveHappened, Problem } from './problems.ts'
import type { Credential } from './replies.ts'
import { accountOf, look, lookFor, signUserAction, withUnlisted } from './signing.ts'
import type { Made, Replacing } from './state.ts'
import type { Store } from './store.ts'

/** Registers the passkey that was made, signed by one that Dfns knows, and goes on to verify. */
export async function register(
  store: Store,
  { screen, signal }: { screen: Replacing; signal: AbortSignal },
): Promise<void> {
  const { made } = screen
  if (made === undefined) throw new Problem('changed-elsewhere')
  try {
    const fresh = await registered(store, { screen, made, signal })
    const { made: _made, isUnclear: _unclear, ...rest } = screen
    store.show({ ...rest, step: 'verify', fresh: fresh.credentialUuid })
  } catch (error) {
    if (isProblem(error, 'challenge-over')) {
      // It is too late for this passkey: it is made anew.
      await forgetMade(store, made)
      const { made: _made, isUnclear: _unclear, ...rest } = screen
      store.set({ screen: { ...rest, step: 'create' } })
    }
    throw error
  }
}

/** Tells the keeper of passkeys that one which Dfns never registered is good for nothing. */
export async function forgetMade(store: Store, { attestation }: Made): Promise<void> {
  const { credId } = attestation
  await store.authenticator.forget({ rpId: store.config.relyingParty.id, credId })
}

interface Registering {
  readonly screen: Replacing
  readonly made: Made
  readonly signal: AbortSignal
}

async function registered(store: Store, given: Registering): Promise<Credential> {
  const { screen, made, signal } = given
  const here = isThere(made)
  // An earlier attempt whose reply was lost may have done it.
  const account = await look(store)
  const earlier = here(account) ?? (screen.isUnclear ? await lookFor(store, here) : undefined)
  if (earlier !== undefined) return earlier
  const { attestation, challengeIdentifier } = made
  const name = markedName({ label: screen.label, replaces: screen.old })
  const request = createCredentialRequest({ name, challengeIdentifier, attestation })
  const userAction = await signUserAction(store, { request, signers: signersHere({ account }), signal })
  const fresh = await send(store, { screen, here, request, userAction })
  noteRegistered(store, fresh)
  return fresh
}

/** Dfns has said that it is registered, though its list may not say so for a moment. */
function noteRegistered(store: Store, fresh: Credential): void {
  const account = accountOf(store)
  const registered = [...account.registered, fresh]
  store.set({
    account: { ...account, registered, credentials: withUnlisted(account.credentials, registered) },
  })
}

interface Sending {
  readonly screen: Replacing
  readonly here: (account: Account) => Credential | undefined
  readonly request: SignedRequest
  readonly userAction: string
}

/** Sends the request; once more, word for word, if no answer came and the list shows nothing. */
async function send(store: Store, given: Sending): Promise<Credential> {
  const { screen, here, request, userAction } = given
  const { token } = store.session()
  const attempt = () => store.dfns.createCredential({ token, userAction, request })
  try {
    return await attempt()
  } catch (error) {
    const isRepeated = isProblem(error, 'already-done', 'challenge-over')
    if (!mayHaveHappened(error) && !isRepeated) throw error
    // Until the list was seen, nothing on the page may say that the passkey is not registered.
    store.set({ screen: { ...screen, isUnclear: true } })
    const found = await lookFor(store, here)
    if (found !== undefined) return found
    store.set({ screen })
    // A browser repeats by itself what broke on a connection of before; the list has told that it did not.
    if (isRepeated) throw error
  }
  try {
    return await attempt()
  } catch {
    // Dfns takes a challenge and a user action once: if the first attempt was carried out, this one is not.
    const found = await lookFor(store, here).catch(() => undefined)
    if (found === undefined) throw unclear(store, screen)
    return found
  }
}

function unclear(store: Store, screen: Replacing): Problem {
  store.set({ screen: { ...screen, isUnclear: true } })
  return new Problem('unclear')
}

/** Finds the passkey that was made in the list. */
export function isThere({ attestation }: Made): (account: Account) => Credential | undefined {
  return ({ credentials }) => credentials.find(({ credentialId }) => credentialId === attestation.credId)
}
