import { addIdentity, findByUsername, type Issued, issue, noteIdentity } from './identities.ts'
import { setIdentityActive, setTokenActive } from './identities.ts'
import type { AccessToken, Identity, IdentityKind } from './model.ts'
import { assignNew } from './scene-policies.ts'
import { need, type State } from './state.ts'

const day = 86_400_000
const twoYears = 730
const by = 'administrator'

interface KeyHolder {
  readonly orgId: string
  readonly name: string
  readonly publicKey: string
}

interface NewUser extends KeyHolder {
  readonly kind?: Exclude<IdentityKind, 'ServiceAccount'>
  readonly sessionMinutes?: number
  readonly username?: string
  readonly permissions?: readonly string[]
}

interface NewPat {
  readonly userId: string
  readonly name: string
  readonly publicKey: string
  readonly daysValid?: number
}

/** The methods that set a scene with users, service accounts and tokens, and look at it. */
export function identities(state: State) {
  return {
    /** As Create Service Account: one token of two years (or `daysValid`), one key, no permission. */
    createServiceAccount(given: KeyHolder & { daysValid?: number }): Issued {
      const { orgId, name, publicKey, daysValid = twoYears } = given
      const owner = addIdentity({ state, orgId, kind: 'ServiceAccount', name, username: name })
      noteIdentity({ state, identity: owner, by, kind: 'service account created' })
      const lifetime = daysValid * day
      return issue({ state, by, owner, kind: 'ServiceAccount', name, publicKey, lifetime })
    },
    /** A user with a Key credential and a session that it logged in for. */
    createUser(given: NewUser): Issued {
      const { orgId, name, publicKey, kind = 'CustomerEmployee', sessionMinutes = 60 } = given
      const username = given.username ?? freeUsername({ state, orgId, name })
      if (findByUsername({ state, orgId, username })) throw new Error(`the username ${username} is taken`)
      const owner = addIdentity({ state, orgId, kind, name, username })
      noteIdentity({ state, identity: owner, by, kind: 'user created' })
      const lifetime = sessionMinutes * 60_000
      const issued = issue({ state, by, owner, kind: 'Token', name, publicKey, lifetime })
      const operations = given.permissions
      if (operations) assignNew({ state, orgId, identityId: owner.userId, operations })
      return issued
    },
    /** As Create Personal Access Token: a token of that user, with a key of its own. */
    createPersonalAccessToken({ userId, daysValid = twoYears, ...given }: NewPat): Issued {
      const owner = need(state.identities, userId)
      return issue({ state, by, owner, kind: 'Pat', lifetime: daysValid * day, ...given })
    },
    /** Activates or deactivates a whole identity; none of its tokens passes while it is inactive. */
    setIdentityActive({ userId, isActive }: { userId: string; isActive: boolean }): void {
      setIdentityActive({ state, identity: need(state.identities, userId), isActive, by })
    },
    /** Activates or deactivates one token. */
    setTokenActive({ tokenId, isActive }: { tokenId: string; isActive: boolean }): void {
      setTokenActive({ state, token: need(state.tokens, tokenId), isActive, by })
    },
    /** The users and service accounts of an organisation as they are now, deleted ones included. */
    identities({ orgId }: { orgId: string }): Readonly<Omit<Identity, 'credentials' | 'tokens'>>[] {
      return [...state.identities.values()]
        .filter((identity) => identity.orgId === orgId)
        .map(({ credentials: _credentials, tokens: _tokens, ...identity }) => identity)
    },
    /** All tokens of an identity as they are now, sessions and deleted ones included, oldest first. */
    tokens({ userId }: { userId: string }): Readonly<AccessToken>[] {
      return need(state.identities, userId).tokens.map((token) => ({ ...token }))
    },
  }
}

/** A name that looks like an address, as users' names do, and that nobody has. */
export function freeUsername(given: { state: State; orgId: string; name: string }): string {
  const { state, orgId, name } = given
  const local = name.toLowerCase().replaceAll(/[^a-z0-9]+/g, '.')
  for (let count = 1; ; count += 1) {
    const username = `${local}${count === 1 ? '' : count}@example.com`
    if (findByUsername({ state, orgId, username }) === undefined) return username
  }
}
