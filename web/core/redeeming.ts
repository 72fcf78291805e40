import { cleanLabel } from './names.ts'
import { isProblem, mayHaveHappened } from './problems.ts'
import type { Registration } from './dfns.ts'
import { done, type Store } from './store.ts'

/** Redeeming a one-time code on this domain and device: create → register, then verify by signing in. */
export function redeeming(store: Store) {
  return {
    startRedeeming: () => {
      if (store.state().busy === undefined) {
        store.show({ name: 'redeem', step: 'code', code: '', label: '' })
      }
    },
    redeem: (given: { code: string; label: string }) =>
      store.run((signal) => redeem(store, { ...given, signal })),
  }
}

async function redeem(
  store: Store,
  given: { code: string; label: string; signal: AbortSignal },
): Promise<void> {
  const { code, label } = { code: readCode(given.code), label: cleanLabel(given.label) }
  store.set({ screen: { name: 'redeem', step: 'code', code, label } })
  const challenge = await store.dfns.createCredentialChallengeWithCode(code)
  const attestation = await store.waiting('new-passkey', () =>
    store.authenticator.create({
      challenge,
      relyingParty: store.config.relyingParty,
      signal: given.signal,
    }),
  )
  const { credId } = attestation
  const { challengeIdentifier } = challenge
  const outcome = await send(store, { name: label, challengeIdentifier, attestation })
  const notice = outcome === 'registered' ? done('sign-in-to-prove') : done('sign-in-to-find-out')
  store.show({ name: 'redeem', step: 'verify', code: '', label, credId, outcome }, notice)
}

/** Registers; if no answer came the same once more, and if Dfns then refuses it nobody knows. */
async function send(store: Store, registration: Registration): Promise<'registered' | 'unclear'> {
  const attempt = () => store.dfns.createCredentialWithCode(registration)
  try {
    await attempt()
    return 'registered'
  } catch (error) {
    // The challenge is seconds old, so it was used: a browser repeats by itself what broke on the way.
    if (isProblem(error, 'challenge-over', 'already-done')) return 'unclear'
    if (!mayHaveHappened(error)) {
      if (!isProblem(error, 'awaiting-approval')) await forget(store, registration)
      throw error
    }
  }
  try {
    await attempt()
    return 'registered'
  } catch {
    // Refused because it is done already, or not heard again: only signing in with the passkey tells.
    return 'unclear'
  }
}

function forget(store: Store, { attestation }: Registration): Promise<void> {
  const { credId } = attestation
  return store.authenticator.forget({ rpId: store.config.relyingParty.id, credId })
}

/** A code as somebody types it: letters in any case, with or without the hyphens. */
function readCode(text: string): string {
  const bare = text.toUpperCase().replaceAll(/[^A-Z0-9]/g, '')
  return bare.length === 9 ? `${bare.slice(0, 3)}-${bare.slice(3, 6)}-${bare.slice(6)}` : text.trim()
}
