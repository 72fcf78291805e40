import { find, mayDeactivate, signersHere } from './passkeys.ts'
import { Problem } from './problems.ts'
import type { Credential } from './replies.ts'
import { accountOf, changeCredential, look } from './signing.ts'
import { readName } from './names.ts'
import { leaveIfOver } from './signing-in.ts'
import { done, type Store } from './store.ts'

/** Deactivating and activating a passkey of the list. */
export function changing(store: Store) {
  return {
    /** Signed by another passkey, which so is proven to work. */
    deactivate: (uuid: string) => store.run((signal) => deactivate(store, { uuid, signal })),
    activate: (uuid: string) => store.run((signal) => activate(store, { uuid, signal })),
  }
}

interface Chosen {
  readonly uuid: string
  readonly signal: AbortSignal
}

async function deactivate(store: Store, { uuid, signal }: Chosen): Promise<void> {
  const account = await look(store)
  const credential = present(store, uuid)
  if (!credential.isActive) throw new Problem('changed-elsewhere')
  if (!mayDeactivate({ account, credential })) throw new Problem('last-passkey')
  const signers = signersHere({ account, except: uuid })
  await changeCredential(store, { uuid, isActive: false, signers, signal })
  const { label } = readName(credential.name)
  if (!(await leaveIfOver(store, done('deactivated-own', label)))) {
    store.show({ name: 'passkeys' }, done('deactivated', label))
  }
}

async function activate(store: Store, { uuid, signal }: Chosen): Promise<void> {
  const account = await look(store)
  const credential = present(store, uuid)
  if (credential.isActive) throw new Problem('changed-elsewhere')
  await changeCredential(store, { uuid, isActive: true, signers: signersHere({ account }), signal })
  store.show({ name: 'passkeys' }, done('activated', readName(credential.name).label))
}

/** A credential that the list still has. */
export function present(store: Store, uuid: string): Credential {
  const credential = find({ account: accountOf(store), uuid })
  if (credential === undefined) throw new Problem('changed-elsewhere')
  return credential
}
