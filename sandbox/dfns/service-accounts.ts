import type { WireResponse } from '../wire.ts'
import { askerOf, carryOut, isHeld } from './approvals.ts'
import { assign } from './assignments.ts'
import { flagOf, queryOf, readBody } from './body.ts'
import type { Call, SignedCall } from './call.ts'
import { describeServiceAccount } from './describe.ts'
import { Refusal } from './errors.ts'
import { addIdentity, archive, issue, noteIdentity, setIdentityActive } from './identities.ts'
import {
  creationOf,
  done,
  isShown,
  type NewKeyHolder,
  readKeyHolder,
  readNames,
  refuseGone,
  refuseState,
  refuseTakenNames,
} from './key-holders.ts'
import type { Identity } from './model.ts'
import { refuseTakenKey } from './registration.ts'

const fields = ['name', 'publicKey', 'permissionId', 'externalId', 'daysValid']

/**
 * Create Service Account, POST /auth/service-accounts: without permissions, but for the one that it names. If
 * a policy guards assignments, that holds back the whole account; what is made then is shown to nobody.
 */
export function createServiceAccount(call: SignedCall): WireResponse {
  const { organisation } = call
  const wanted = readKeyHolder({ call, only: fields })
  const { name, externalId, publicKey } = wanted
  return carryOut({
    asker: askerOf(call),
    change: creationOf({ call, wanted, action: 'createServiceAccount' }),
    check: () => {
      refuseTakenNames({ organisation, among: accountsOf(call), name, externalId })
      refuseTakenKey({ organisation, publicKey })
    },
    apply: () => make({ call, wanted }),
  })
}

/** List Service Accounts, GET /auth/service-accounts, without pages. */
export function listServiceAccounts(call: Call): WireResponse {
  const { organisation } = call
  const shown = accountsOf(call).filter((what) => isShown({ organisation, what }))
  return done({ items: shown.map((identity) => describeServiceAccount({ call, identity })) })
}

/** Get Service Account, GET /auth/service-accounts/{serviceAccountId}, of the caller's organisation. */
export function getServiceAccount(call: Call): WireResponse {
  const identity = found(call)
  refuseGone({ organisation: call.organisation, what: identity })
  return done(describeServiceAccount({ call, identity }))
}

/** Update Service Account, PUT /auth/service-accounts/{serviceAccountId}: its name, its externalId. */
export function updateServiceAccount(call: SignedCall): WireResponse {
  const { state, organisation } = call
  const identity = changeable(call)
  const changed = readNames(call.request.body)
  const among = accountsOf(call).filter((other) => other !== identity)
  refuseTakenNames({ organisation, among, ...changed })
  Object.assign(identity, changed)
  noteIdentity({ state, identity, by: askerOf(call).by, kind: 'service account updated' })
  return done(describeServiceAccount({ call, identity }))
}

/** Activate Service Account, PUT …/activate. */
export function activateServiceAccount(call: SignedCall): WireResponse {
  return change({ call, action: 'activateServiceAccount' })
}

/** Deactivate Service Account, PUT …/deactivate: none of its tokens passes any more. */
export function deactivateServiceAccount(call: SignedCall): WireResponse {
  const force = flagOf({ fields: readBody({ body: call.request.body || '{}' }), name: 'force' })
  return change({ call, action: 'deactivateServiceAccount', force })
}

/** Delete Service Account, DELETE /auth/service-accounts/{serviceAccountId}: for good. */
export function deleteServiceAccount(call: SignedCall): WireResponse {
  const force = queryOf(call.request).get('force') === 'true'
  return change({ call, action: 'deleteServiceAccount', force })
}

/** `force` passes by the policies, and the check whether the account is an approver in one. */
function change(given: {
  call: SignedCall
  action: 'activateServiceAccount' | 'deactivateServiceAccount' | 'deleteServiceAccount'
  force?: boolean
}): WireResponse {
  const { call, action, force = false } = given
  const { state, organisation } = call
  const identity = changeable(call)
  const { userId } = identity
  const { by } = askerOf(call)
  const isActive = action === 'activateServiceAccount'
  const deleting = action === 'deleteServiceAccount'
  const approver = !isActive && isApprover({ call, userId })
  return carryOut({
    asker: askerOf(call),
    change: {
      action,
      operationKind: deleting ? 'Delete' : 'Update',
      entityId: userId,
      body: deleting ? {} : { isActive },
      userId,
    },
    held: !force && (approver || isHeld({ organisation, action })),
    check: () => refuseState({ organisation, what: identity, deleting }),
    apply: () => {
      if (deleting) archive({ state, what: identity, by })
      else setIdentityActive({ state, identity, isActive, by })
      return done(describeServiceAccount({ call, identity }))
    },
  })
}

function make({ call, wanted }: { call: SignedCall; wanted: NewKeyHolder }): WireResponse {
  const { state, organisation } = call
  const { by } = askerOf(call)
  const { name, publicKey, lifetime, permission, ...external } = wanted
  const { orgId, switches } = organisation
  const identity = addIdentity({ state, orgId, kind: 'ServiceAccount', name, username: name, ...external })
  noteIdentity({ state, identity, by, kind: 'service account created' })
  const lags = { unlisted: switches.listLag, unaccepted: switches.acceptanceLag }
  const token = { owner: identity, kind: 'ServiceAccount', name, lifetime } as const
  const { authToken: accessToken } = issue({ state, by, publicKey, lags, ...token })
  if (permission) assign({ state, permission, identityId: identity.userId, by })
  const { userInfo, accessTokens } = describeServiceAccount({ call, identity })
  return done({ userInfo, accessTokens: accessTokens.map((shown) => ({ ...shown, accessToken })) })
}

function isApprover({ call, userId }: { call: SignedCall; userId: string }): boolean {
  return [...call.state.policies.values()].some(
    ({ orgId, status, approverUserIds }) =>
      orgId === call.organisation.orgId && status === 'Active' && approverUserIds.includes(userId),
  )
}

function accountsOf({ state, organisation }: Call): Identity[] {
  return [...state.identities.values()].filter(
    ({ kind, orgId }) => kind === 'ServiceAccount' && orgId === organisation.orgId,
  )
}

function found(call: Call): Identity {
  const identity = call.state.identities.get(call.id)
  if (identity?.kind !== 'ServiceAccount' || identity.orgId !== call.organisation.orgId) {
    throw new Refusal(404, 'Service account not found')
  }
  return identity
}

function changeable(call: SignedCall): Identity {
  const identity = found(call)
  const { organisation } = call
  refuseGone({ organisation, what: identity })
  refuseState({ organisation, what: identity })
  return identity
}
