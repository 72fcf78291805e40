import { isHeld } from './approvals.ts'
import { optionalCount, optionalText, readBody, textOf } from './body.ts'
import { demand, type SignedCall } from './call.ts'
import { jsonReply, Refusal } from './errors.ts'
import type { AccessToken, Identity, Organisation, Permission } from './model.ts'
import type { HeldChange } from './policy-model.ts'
import { readPublicKey, SignatureError } from './signatures.ts'

const day = 86_400_000

/** What a service account or a PAT is made of. */
export interface NewKeyHolder {
  readonly name: string
  readonly externalId?: string
  readonly publicKey: string
  /** Milliseconds. */
  readonly lifetime: number
  /** To be assigned at once. */
  readonly permission?: Permission
}

/**
 * Reads the body that makes a service account or a PAT: 400 for a key that Dfns does not take, 403 when the
 * caller may not assign the permission it names.
 */
export function readKeyHolder({ call, only }: { call: SignedCall; only: readonly string[] }): NewKeyHolder {
  const fields = readBody({ body: call.request.body, only })
  const name = textOf({ fields, name: 'name' })
  const publicKey = textOf({ fields, name: 'publicKey' })
  refuseBadKey(publicKey)
  const externalId = optionalText({ fields, name: 'externalId' })
  const permissionId = optionalText({ fields, name: 'permissionId' })
  return {
    name,
    publicKey,
    lifetime: lifetimeOf({
      organisation: call.organisation,
      days: optionalCount({ fields, name: 'daysValid' }),
      seconds: optionalCount({ fields, name: 'secondsValid' }),
    }),
    ...(externalId !== undefined && { externalId }),
    ...(permissionId !== undefined && { permission: assignable({ call, permissionId }) }),
  }
}

/**
 * The change that makes a service account or a PAT. With a permission it is also an assignment, and where
 * those are held back it waits as one.
 */
export function creationOf(given: {
  call: SignedCall
  wanted: NewKeyHolder
  action: 'createServiceAccount' | 'createPersonalAccessToken'
}): HeldChange {
  const { call, wanted, action } = given
  const { name, externalId, permission } = wanted
  const { organisation, identity } = call
  const { userId } = identity
  const made = { operationKind: 'Create', entityId: '', userId } as const
  if (permission !== undefined && isHeld({ organisation, action: 'assignPermission' })) {
    const { permissionId } = permission
    const body = { id: '', permissionId, identityId: '', isImmutable: false }
    return { ...made, action: 'assignPermission', body }
  }
  return { ...made, action, body: { name, externalId, permissionId: permission?.permissionId } }
}

/** A permission of the organisation, 404 without one. */
export function permissionOf({ call, id }: { call: Pick<SignedCall, 'state' | 'organisation'>; id: string }) {
  const permission = call.state.permissions.get(id)
  if (permission?.orgId !== call.organisation.orgId) throw new Refusal(404, 'Permission not found')
  return permission
}

type Named = Pick<Identity | AccessToken, 'name' | 'externalId' | 'isArchived'>

/** Refuses (409) a name or externalId that one of these has, or had, as the switch says. */
export function refuseTakenNames(given: {
  organisation: Organisation
  among: readonly Named[]
  name?: string | undefined
  externalId?: string | undefined
}): void {
  const { organisation, among, name, externalId } = given
  const counts = ({ isArchived }: Named) => !isArchived || organisation.switches.archivedName === 'taken'
  const others = among.filter(counts)
  if (name !== undefined && others.some((other) => other.name === name)) {
    throw new Refusal(409, 'The name is taken.')
  }
  if (externalId !== undefined && others.some((other) => other.externalId === externalId)) {
    throw new Refusal(409, 'The externalId is taken.')
  }
}

/** Reads `name` and `externalId` of an update. */
export function readNames(body: string): { name?: string; externalId?: string } {
  const fields = readBody({ body, only: ['name', 'externalId'] })
  const name = optionalText({ fields, name: 'name' })
  const externalId = optionalText({ fields, name: 'externalId' })
  return { ...(name !== undefined && { name }), ...(externalId !== undefined && { externalId }) }
}

/** Refuses (422) what is deleted, and to delete what is active, as the switch says. */
export function refuseState(given: {
  organisation: Organisation
  what: Pick<Identity | AccessToken, 'isActive' | 'isArchived'>
  deleting?: boolean
}): void {
  const { organisation, what, deleting = false } = given
  if (what.isArchived) throw new Refusal(422, 'It has been deleted.')
  if (deleting && what.isActive && organisation.switches.deleteActive === 'refuse') {
    throw new Refusal(422, 'It must be deactivated first.')
  }
}

/** Refuses (410) to show what is deleted, as the switch says. */
export function refuseGone({ organisation, what }: { organisation: Organisation; what: Named }): void {
  if (what.isArchived && organisation.switches.archived === 'gone') {
    throw new Refusal(410, 'It has been deleted.')
  }
}

/** Whether a list shows one that may have been deleted. */
export function isShown({ organisation, what }: { organisation: Organisation; what: Named }): boolean {
  return !what.isArchived || organisation.switches.archived === 'listed'
}

/** A reply with what was made or changed. */
export const done = (body: unknown) => jsonReply({ status: 200, body })

function refuseBadKey(publicKey: string): void {
  try {
    readPublicKey(publicKey)
  } catch (error) {
    if (error instanceof SignatureError) throw new Refusal(400, `Invalid field: publicKey, ${error.message}`)
    throw error
  }
}

/** `secondsValid` overrides `daysValid`; without either it is two years, which is Dfns's default. */
function lifetimeOf(given: {
  organisation: Organisation
  days: number | undefined
  seconds: number | undefined
}): number {
  const { longestTokenDays } = given.organisation.switches
  const { days = Math.min(730, longestTokenDays), seconds } = given
  if (seconds !== undefined) return seconds * 1000
  if (days > longestTokenDays) throw new Refusal(400, 'Invalid field: daysValid')
  return days * day
}

function assignable({ call, permissionId }: { call: SignedCall; permissionId: string }): Permission {
  demand({ state: call.state, caller: call, permission: 'Permissions:Assign' })
  return permissionOf({ call, id: permissionId })
}
