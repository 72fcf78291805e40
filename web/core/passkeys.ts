import type { Attachment } from './authenticator.ts'
import { readName } from './names.ts'
import type { Credential } from './replies.ts'

/** What the page knows of the person who signed in. */
export interface Account {
  /** Oldest first, as Dfns last listed them. */
  readonly credentials: readonly Credential[]
  /** Of these, what Dfns said it registered and did not list yet. */
  readonly registered: readonly Credential[]
  /** Credential ids that answered or were made in this browser since it was opened. */
  readonly seenHere: ReadonlyMap<string, Attachment>
  /** The domain whose passkeys work on this page. */
  readonly rpId: string
}

export const isPasskey = ({ kind }: Credential): boolean => kind === 'Fido2'

/** Where a credential can sign: the browser only reaches passkeys of the page's own domain. */
export type Place = 'this-device' | 'used-here' | 'not-seen-here' | 'other-domain' | 'no-passkey'

export function placeOf({ account, credential }: { account: Account; credential: Credential }): Place {
  if (!isPasskey(credential)) return 'no-passkey'
  if (!isOfThisDomain({ account, credential })) return 'other-domain'
  if (!account.seenHere.has(credential.credentialId)) return 'not-seen-here'
  return account.seenHere.get(credential.credentialId) === 'platform' ? 'this-device' : 'used-here'
}

/** The active passkeys that may sign on this page, but for one that is about to go. */
export function signersHere({
  account,
  except,
}: {
  account: Account
  except?: string | undefined
}): readonly Credential[] {
  return account.credentials.filter(
    (credential) =>
      isPasskey(credential) &&
      credential.isActive &&
      credential.credentialUuid !== except &&
      isOfThisDomain({ account, credential }),
  )
}

/**
 * Whether another passkey is there to sign a deactivation. Since it signs, it works: nobody deactivates the
 * last passkey that works.
 */
export function mayDeactivate({
  account,
  credential,
}: {
  account: Account
  credential: Credential
}): boolean {
  const { credentialUuid, isActive } = credential
  return isPasskey(credential) && isActive && signersHere({ account, except: credentialUuid }).length > 0
}

/** A new passkey and the one that it was made to replace. */
export interface Pair {
  readonly fresh: Credential
  readonly old: Credential
}

/** Replacements that were begun and not ended: both passkeys are active. */
export function unfinished(account: Account): readonly Pair[] {
  return account.credentials.flatMap((fresh) => {
    const old = replacedBy({ account, credential: fresh })
    return old?.isActive && fresh.isActive ? [{ fresh, old }] : []
  })
}

/** The passkey that this one was made to replace, if Dfns still lists it. */
export function replacedBy(given: { account: Account; credential: Credential }): Credential | undefined {
  const { replaces } = readName(given.credential.name)
  return replaces === undefined ? undefined : find({ account: given.account, uuid: replaces })
}

export function find({ account, uuid }: { account: Account; uuid: string }): Credential | undefined {
  return account.credentials.find(({ credentialUuid }) => credentialUuid === uuid)
}

function isOfThisDomain({ account, credential }: { account: Account; credential: Credential }): boolean {
  return credential.relyingPartyId === account.rpId
}
