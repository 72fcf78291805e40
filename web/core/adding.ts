import { codeRequest } from './dfns.ts'
import { signersHere } from './passkeys.ts'
import { Problem } from './problems.ts'
import { accountOf, look, signUserAction } from './signing.ts'
import type { Adding } from './state.ts'
import { dfnsNow, type Store } from './store.ts'

const minute = 60_000
// Without Dfns's time to go by, the device's own clock may be a little ahead.
const caution = 5_000
const lookEvery = 5

/** Add a passkey on another domain or device: a one-time code, and the wait until it was used. */
export function adding(store: Store) {
  return {
    startAdding: () => {
      if (store.state().busy === undefined) store.show({ name: 'add' })
    },
    /** Also renews: an earlier code that was not used ends by itself. */
    makeCode: () => store.run((signal) => makeCode(store, signal)),
    /** To be called every second: counts down, and now and then looks whether the code was used. */
    tick: () => tick(store),
  }
}

async function makeCode(store: Store, signal: AbortSignal): Promise<void> {
  store.set({ screen: { name: 'add' } })
  const account = await look(store)
  const { issuedAt } = store.session()
  const expires = dfnsNow(store) + minute - (issuedAt === undefined ? caution : 0)
  const request = codeRequest(expires)
  const userAction = await signUserAction(store, { request, signers: signersHere({ account }), signal })
  const { token } = store.session()
  // The prompt took its time, and the code's minute began when the request was signed.
  const made = await store.dfns.createCredentialCode({ token, userAction, request })
  const before = account.credentials.map(({ credentialUuid }) => credentialUuid)
  store.show({ name: 'add', ...made, before, left: secondsLeft(store, made.expires) })
}

function tick(store: Store): void {
  const { screen, busy } = store.state()
  if (screen.name !== 'add' || screen.expires === undefined || screen.added !== undefined) return
  const left = secondsLeft(store, screen.expires)
  if (left === screen.left) return
  store.set({ screen: { ...screen, left } })
  if (busy === undefined && left % lookEvery === 0) void lookWhether(store)
}

/** Looks, without a word if that fails: the next look comes in five seconds. */
async function lookWhether(store: Store): Promise<void> {
  try {
    await look(store)
  } catch (error) {
    if (error instanceof Problem) return
    throw error
  }
  const { screen } = store.state()
  if (screen.name === 'add') noteAdded(store, screen)
}

function noteAdded(store: Store, screen: Adding): void {
  const { before = [] } = screen
  const added = accountOf(store).credentials.find(({ credentialUuid }) => !before.includes(credentialUuid))
  if (added !== undefined) store.show({ name: 'add', added: added.credentialUuid })
}

function secondsLeft(store: Store, expires: number): number {
  return Math.max(0, Math.ceil((expires - dfnsNow(store)) / 1000))
}
