import { present } from './changing.ts'
import { changeRequest } from './dfns.ts'
import { cleanLabel, readName } from './names.ts'
import { type Account, find, isPasskey, replacedBy, signersHere } from './passkeys.ts'
import { isProblem, Problem } from './problems.ts'
import { forgetMade, isThere, register } from './registering.ts'
import { accountOf, changeCredential, look, lookFor, noteSeen, signUserAction } from './signing.ts'
import { leaveIfOver } from './signing-in.ts'
import type { Replacing } from './state.ts'
import { done, type Store } from './store.ts'

/** Replace this passkey: create → register → verify → deactivate, and the ways back. */
export function replacing(store: Store) {
  const step = (action: (on: OnStep) => Promise<void>) =>
    store.run((signal) =>
      action({ store, signal, screen: screenOf(store) }).catch((error: unknown) => {
        // To repeat it would ask for a second approval; once it is granted, the list takes it up.
        if (isProblem(error, 'awaiting-approval')) store.set({ screen: { name: 'passkeys' } })
        throw error
      }),
    )
  return {
    startReplacing: (uuid: string) => {
      if (store.state().busy !== undefined) return
      store.show({ name: 'replace', old: uuid, step: 'create', label: '' })
    },
    /** Takes up a replacement that was begun, wherever that was. The new passkey must be proven again. */
    resume: (fresh: string) => {
      if (store.state().busy !== undefined) return
      const account = accountOf(store)
      const credential = find({ account, uuid: fresh })
      const old = credential && replacedBy({ account, credential })
      if (credential === undefined || old === undefined) return
      const { label } = readName(credential.name)
      store.show({ name: 'replace', old: old.credentialUuid, step: 'verify', label, fresh })
    },
    create: (label: string) => step((on) => create(on, label)),
    register: () => step(({ screen, signal }) => register(store, { screen, signal })),
    verify: () => step(verify),
    deactivateOld: () => step(deactivateOld),
    undo: () => step(undo),
    cancel: () => step(cancel),
    /** Goes on after all. */
    stay: () => {
      if (store.state().busy !== undefined) return
      const { asksHowToEnd: _asked, ...screen } = screenOf(store)
      store.show(screen)
    },
    deactivateNew: () => step(deactivateNew),
    keepBoth: () => {
      if (store.state().busy === undefined) store.show({ name: 'passkeys' }, done('both-kept'))
    },
    finish: () => store.run(() => finish(store)),
  }
}

interface OnStep {
  readonly store: Store
  readonly signal: AbortSignal
  readonly screen: Replacing
}

function screenOf(store: Store): Replacing {
  const { screen } = store.state()
  if (screen.name !== 'replace') throw new Problem('changed-elsewhere')
  return screen
}

async function create({ store, signal, screen }: OnStep, label: string): Promise<void> {
  const kept = { ...screen, label: cleanLabel(label) }
  store.set({ screen: kept })
  const account = await look(store)
  refuseGone(account, screen.old)
  const challenge = await store.dfns.createCredentialChallenge(store.session().token)
  const excluded = new Set([...challenge.excluded, ...heldSomewhere(account)])
  const { relyingParty } = store.config
  const attestation = await store.waiting('new-passkey', () =>
    store.authenticator.create({
      challenge: { ...challenge, excluded: [...excluded] },
      relyingParty,
      signal,
    }),
  )
  noteSeen(store, attestation)
  const { challengeIdentifier } = challenge
  store.show({ ...kept, step: 'register', made: { attestation, challengeIdentifier } })
}

/**
 * Passkeys whose authenticators must refuse, whatever Dfns says: one that makes another passkey for the same
 * person and domain overwrites the one it has, before Dfns knows the new one.
 */
function heldSomewhere(account: Account): readonly string[] {
  return account.credentials
    .filter((credential) => isPasskey(credential) && credential.isActive)
    .map(({ credentialId }) => credentialId)
}

async function verify({ store, signal, screen }: OnStep): Promise<void> {
  await look(store)
  const fresh = freshOf(store, screen)
  // It is active already, so the request would have no effect even if somebody sent it; nobody does.
  const request = changeRequest({ credentialUuid: fresh.credentialUuid, isActive: true })
  await signUserAction(store, { request, signers: [fresh], signal })
  store.show({ ...screen, step: 'deactivate' })
}

async function deactivateOld({ store, signal, screen }: OnStep): Promise<void> {
  await look(store)
  const fresh = freshOf(store, screen)
  if (present(store, screen.old).isActive) {
    await changeCredential(store, { uuid: screen.old, isActive: false, signers: [fresh], signal })
  }
  store.show({ ...screen, step: 'done' })
}

async function undo({ store, signal, screen }: OnStep): Promise<void> {
  const account = await look(store)
  const old = present(store, screen.old)
  if (!old.isActive) {
    const signers = signersHere({ account })
    await changeCredential(store, { uuid: old.credentialUuid, isActive: true, signers, signal })
  }
  store.show({ name: 'passkeys' }, done('undone', readName(old.name).label))
}

/** Before Dfns knows the new passkey nothing is left to undo there; afterwards the person chooses. */
async function cancel({ store, screen }: OnStep): Promise<void> {
  if (screen.step === 'create') return store.show({ name: 'passkeys' }, done('not-begun'))
  const { made, isUnclear = false, ...rest } = screen
  if (made === undefined) return store.show({ ...screen, asksHowToEnd: true })
  if (isUnclear) {
    const listed = await lookFor(store, isThere(made))
    const fresh = listed?.credentialUuid
    if (fresh === undefined) return store.show({ name: 'passkeys' }, done('not-listed'))
    return store.show({ ...rest, step: 'verify', fresh, asksHowToEnd: true })
  }
  await forgetMade(store, made)
  store.show({ name: 'passkeys' }, done('not-registered'))
}

async function deactivateNew({ store, signal, screen }: OnStep): Promise<void> {
  const account = await look(store)
  const fresh = freshOf(store, screen)
  const signers = signersHere({ account, except: fresh.credentialUuid })
  await changeCredential(store, { uuid: fresh.credentialUuid, isActive: false, signers, signal })
  store.show({ name: 'passkeys' }, done('new-one-deactivated', screen.label))
}

async function finish(store: Store): Promise<void> {
  await look(store)
  if (!(await leaveIfOver(store, done('sign-in-with-new')))) store.show({ name: 'passkeys' })
}

function freshOf(store: Store, { fresh }: Replacing) {
  const credential = present(store, fresh ?? '')
  if (!credential.isActive) throw new Problem('changed-elsewhere')
  return credential
}

function refuseGone(account: Account, uuid: string): void {
  if (find({ account, uuid })?.isActive !== true) throw new Problem('changed-elsewhere')
}
