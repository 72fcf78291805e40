import type { WireResponse } from '../wire.ts'
import { askerOf, carryOut } from './approvals.ts'
import { assign } from './assignments.ts'
import type { Call, SignedCall } from './call.ts'
import { describeToken } from './describe.ts'
import { Refusal } from './errors.ts'
import { archive, issue, noteToken, setTokenActive } from './identities.ts'
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
import type { AccessToken } from './model.ts'
import { refuseTakenKey } from './registration.ts'
import { need } from './state.ts'

const fields = ['name', 'publicKey', 'permissionId', 'externalId', 'daysValid', 'secondsValid']

/** Create Personal Access Token, POST /auth/pats, of the calling user. */
export function createPersonalAccessToken(call: SignedCall): WireResponse {
  const { organisation } = call
  const wanted = readKeyHolder({ call, only: fields })
  const { name, externalId, publicKey } = wanted
  return carryOut({
    asker: askerOf(call),
    change: creationOf({ call, wanted, action: 'createPersonalAccessToken' }),
    check: () => {
      refuseNames({ call, among: patsOf(call), name, externalId })
      refuseTakenKey({ organisation, publicKey })
    },
    apply: () => make({ call, wanted }),
  })
}

/** List Personal Access Tokens, GET /auth/pats, without pages. */
export function listPersonalAccessTokens(call: Call): WireResponse {
  const { organisation } = call
  const shown = patsOf(call).filter((what) => isShown({ organisation, what }))
  return done({ items: shown.map((token) => describeToken({ call, token })) })
}

/** Get Personal Access Token, GET /auth/pats/{tokenId}. */
export function getPersonalAccessToken(call: Call): WireResponse {
  const token = found(call)
  refuseGone({ organisation: call.organisation, what: token })
  return done(describeToken({ call, token }))
}

/** Update Personal Access Token, PUT /auth/pats/{tokenId}: its name, its externalId. */
export function updatePersonalAccessToken(call: SignedCall): WireResponse {
  const { state } = call
  const token = changeable(call)
  const changed = readNames(call.request.body)
  refuseNames({ call, among: patsOf(call).filter((other) => other !== token), ...changed })
  Object.assign(token, changed)
  noteToken({ state, token, by: askerOf(call).by, kind: 'token updated' })
  return done(describeToken({ call, token }))
}

/** Activate Personal Access Token, PUT …/activate. */
export function activatePersonalAccessToken(call: SignedCall): WireResponse {
  return change({ call, action: 'activatePersonalAccessToken' })
}

/** Deactivate Personal Access Token, PUT …/deactivate; its credentials stay as they are. */
export function deactivatePersonalAccessToken(call: SignedCall): WireResponse {
  return change({ call, action: 'deactivatePersonalAccessToken' })
}

/** Delete Personal Access Token, DELETE /auth/pats/{tokenId}: for good. */
export function deletePersonalAccessToken(call: SignedCall): WireResponse {
  return change({ call, action: 'deletePersonalAccessToken' })
}

function change(given: {
  call: SignedCall
  action: 'activatePersonalAccessToken' | 'deactivatePersonalAccessToken' | 'deletePersonalAccessToken'
}): WireResponse {
  const { call, action } = given
  const { state, organisation } = call
  const token = changeable(call)
  const { by } = askerOf(call)
  const isActive = action === 'activatePersonalAccessToken'
  const deleting = action === 'deletePersonalAccessToken'
  return carryOut({
    asker: askerOf(call),
    change: {
      action,
      operationKind: deleting ? 'Delete' : 'Update',
      entityId: token.tokenId,
      body: deleting ? {} : { isActive },
      userId: token.userId,
    },
    check: () => refuseState({ organisation, what: token, deleting }),
    apply: () => {
      if (deleting) archive({ state, what: token, by })
      else setTokenActive({ state, token, isActive, by })
      return done(describeToken({ call, token }))
    },
  })
}

function make({ call, wanted }: { call: SignedCall; wanted: NewKeyHolder }): WireResponse {
  const { state, organisation, identity: owner } = call
  const { by } = askerOf(call)
  const { permission, ...rest } = wanted
  const { listLag: unlisted, acceptanceLag: unaccepted } = organisation.switches
  const lags = { unlisted, unaccepted }
  const { tokenId, authToken: accessToken } = issue({ state, by, owner, kind: 'Pat', lags, ...rest })
  if (permission) assign({ state, permission, identityId: tokenId, by })
  const token = need(state.tokens, tokenId)
  return done({ ...describeToken({ call, token }), accessToken })
}

function refuseNames(given: {
  call: Call
  among: readonly AccessToken[]
  name?: string | undefined
  externalId?: string | undefined
}): void {
  const { call, name, ...rest } = given
  const { organisation } = call
  const unique = organisation.switches.patName === 'unique'
  refuseTakenNames({ organisation, name: unique ? name : undefined, ...rest })
}

function patsOf({ identity }: Call): AccessToken[] {
  return identity.tokens.filter(({ kind }) => kind === 'Pat')
}

function found(call: Call): AccessToken {
  const token = patsOf(call).find(({ tokenId }) => tokenId === call.id)
  if (token === undefined) throw new Refusal(404, 'Personal access token not found')
  return token
}

function changeable(call: SignedCall): AccessToken {
  const token = found(call)
  const { organisation } = call
  refuseGone({ organisation, what: token })
  refuseState({ organisation, what: token })
  return token
}
