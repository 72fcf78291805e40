import * as v from 'valibot'
import type { Dfns, Identity } from './dfns.ts'
import {
  accountReplies,
  type NewPersonalAccessToken,
  type NewServiceAccount,
  type PersonalAccessToken,
  type ServiceAccount,
} from './dfns-account-replies.ts'
import { type Caller, callerOf } from './dfns-caller.ts'
import { type DfnsPolicies, policiesOf } from './dfns-policies.ts'
import type { Time } from './time.ts'

/** What a service account or token is made of. `daysValid`: whole days; without it Dfns's default. */
export interface NewHolder {
  readonly name: string
  /** SPKI PEM. */
  readonly publicKey: string
  readonly daysValid?: number
}

interface Switch {
  readonly id: string
  readonly isActive: boolean
}

/**
 * Dfns's calls on service accounts and personal access tokens, permissions and policies, one method each.
 * Those that list follow every page. A creation is repeated only where it is certain that nothing was made.
 */
export interface DfnsAccounts extends DfnsPolicies {
  /** GET /auth/service-accounts: all of the organisation. */
  listServiceAccounts(): Promise<readonly ServiceAccount[]>
  /** POST /auth/service-accounts, signed. The token is in this reply and in no other. */
  createServiceAccount(body: NewHolder): Promise<NewServiceAccount>
  /** PUT /auth/service-accounts/{id}/activate or …/deactivate, signed. Never by `force`. */
  setServiceAccountActive(change: Switch): Promise<void>
  /** GET /auth/pats: all of the caller's user. */
  listPersonalAccessTokens(): Promise<readonly PersonalAccessToken[]>
  /** POST /auth/pats, signed: of the caller's user. The token is in this reply and in no other. */
  createPersonalAccessToken(body: NewHolder): Promise<NewPersonalAccessToken>
  /** PUT /auth/pats/{id}/activate or …/deactivate, signed. */
  setPersonalAccessTokenActive(change: Switch): Promise<void>
}

/** The same calls as whoever speaks to Dfns; a user does so in the session of `dfnsAs`. */
export function accountsOf(given: {
  dfnsAs: (identity: Identity) => Dfns
  time: Time
}): (identity: Identity) => DfnsAccounts {
  return (identity) => {
    const caller = callerOf({ identity, ...given })
    return { ...serviceAccounts(caller), ...personalAccessTokens(caller), ...policiesOf(caller) }
  }
}

const switchOf = (isActive: boolean) => (isActive ? 'activate' : 'deactivate')

function serviceAccounts({ read, make }: Caller) {
  const path = '/auth/service-accounts'
  return {
    listServiceAccounts: async () =>
      (await read(`GET ${path}`, accountReplies.serviceAccounts, ({ auth }) => auth.listServiceAccounts()))
        .items,
    createServiceAccount: (body: NewHolder) =>
      make(`POST ${path}`, accountReplies.newServiceAccount, ({ auth }) =>
        auth.createServiceAccount({ body }),
      ),
    async setServiceAccountActive({ id: serviceAccountId, isActive }: Switch) {
      const endpoint = `PUT ${path}/${serviceAccountId}/${switchOf(isActive)}`
      await read(endpoint, v.unknown(), ({ auth }) =>
        isActive
          ? auth.activateServiceAccount({ serviceAccountId })
          : auth.deactivateServiceAccount({ serviceAccountId, body: {} }),
      )
    },
  }
}

function personalAccessTokens({ read, make }: Caller) {
  const path = '/auth/pats'
  const schema = accountReplies.newPersonalAccessToken
  return {
    listPersonalAccessTokens: async () =>
      (
        await read(`GET ${path}`, accountReplies.personalAccessTokens, ({ auth }) =>
          auth.listPersonalAccessTokens(),
        )
      ).items,
    createPersonalAccessToken: (body: NewHolder) =>
      make(`POST ${path}`, schema, ({ auth }) => auth.createPersonalAccessToken({ body })),
    async setPersonalAccessTokenActive({ id: tokenId, isActive }: Switch) {
      const endpoint = `PUT ${path}/${tokenId}/${switchOf(isActive)}`
      await read(endpoint, v.unknown(), ({ auth }) =>
        isActive
          ? auth.activatePersonalAccessToken({ tokenId })
          : auth.deactivatePersonalAccessToken({ tokenId }),
      )
    },
  }
}
