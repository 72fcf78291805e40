import { describe, expect, test } from 'vitest'
import type { HeldAction } from '../../../sandbox/dfns/identity-switches.ts'
import type { EffectKind } from '../../../sandbox/dfns/model.ts'
import { everyPermission, open } from './clients.ts'
import { base64url, createWorld, type Holder, kind, newKey, type Reply } from './world.ts'

type World = ReturnType<typeof setUp>

const none = { create: false, activate: false, deactivate: false }
const hold = (action: HeldAction) => ({ approval: { ...none, [action]: true } })

function setUp() {
  const world = createWorld({ ...kind, deleteActive: 'allow' })
  const admin = world.user({ name: 'admin', permissions: everyPermission })
  const machine = world.account()
  const token = world.pat(admin)
  const { userId } = admin
  const { publicKey, privateKey } = newKey()
  const spare = { ...world.dfns.addCredential({ userId, name: 'spare', publicKey }), key: privateKey }
  return { ...world, admin, machine, token, spare }
}

const call = (world: World, method: string, path: string, body: object = {}) =>
  world.signed({ as: world.admin, method, path, body })
const made = () => ({ name: 'new', publicKey: newKey().publicKey })
const inactive = (world: World) =>
  world.dfns.setCredentialActive({ credentialUuid: world.spare.credentialUuid, isActive: false })

/** Each call that can be held, and what it leaves in the audit trail when it is approved. */
const actions: Record<HeldAction, readonly [(world: World) => Promise<Reply>, EffectKind]> = {
  create: [
    (world) => world.register({ as: world.admin, key: newKey(), credId: base64url('next') }),
    'credential created',
  ],
  activate: [
    (world) => {
      inactive(world)
      return world.set({ as: world.admin, active: true, credentialUuid: world.spare.credentialUuid })
    },
    'credential activated',
  ],
  deactivate: [
    (world) => world.set({ as: world.admin, active: false, credentialUuid: world.spare.credentialUuid }),
    'credential deactivated',
  ],
  delete: [
    (world) => call(world, 'DELETE', `/auth/credentials/${world.spare.credentialUuid}`),
    'credential deleted',
  ],
  assignPermission: [(world) => assign(world), 'permission assigned'],
  revokePermission: [
    (world) => {
      const given = world.dfns.assignPermission({ userId: world.machine.userId, operations: [] })
      return call(world, 'DELETE', `/permissions/${given.permissionId}/assignments/${given.assignmentId}`)
    },
    'permission revoked',
  ],
  createServiceAccount: [
    (world) => call(world, 'POST', '/auth/service-accounts', made()),
    'service account created',
  ],
  activateServiceAccount: [
    (world) => {
      const { userId } = world.machine
      world.dfns.setIdentityActive({ userId, isActive: false })
      return call(world, 'PUT', `/auth/service-accounts/${userId}/activate`)
    },
    'service account activated',
  ],
  deactivateServiceAccount: [
    (world) => call(world, 'PUT', `/auth/service-accounts/${world.machine.userId}/deactivate`),
    'service account deactivated',
  ],
  deleteServiceAccount: [
    (world) => call(world, 'DELETE', `/auth/service-accounts/${world.machine.userId}`),
    'service account deleted',
  ],
  createPersonalAccessToken: [(world) => call(world, 'POST', '/auth/pats', made()), 'token created'],
  activatePersonalAccessToken: [
    (world) => {
      world.dfns.setTokenActive({ tokenId: world.token.tokenId, isActive: false })
      return call(world, 'PUT', `/auth/pats/${world.token.tokenId}/activate`)
    },
    'token activated',
  ],
  deactivatePersonalAccessToken: [
    (world) => call(world, 'PUT', `/auth/pats/${world.token.tokenId}/deactivate`),
    'token deactivated',
  ],
  deletePersonalAccessToken: [
    (world) => call(world, 'DELETE', `/auth/pats/${world.token.tokenId}`),
    'token deleted',
  ],
  createWebhook: [(world) => call(world, 'POST', '/webhooks', hook), 'webhook created'],
  updateWebhook: [
    (world) => call(world, 'PUT', `/webhooks/${hooked(world)}`, { status: 'Disabled' }),
    'webhook updated',
  ],
  deleteWebhook: [(world) => call(world, 'DELETE', `/webhooks/${hooked(world)}`), 'webhook deleted'],
}

const hook = { url: 'https://receiver.test/', events: ['*'] }
const hooked = ({ dfns, orgId }: World) => dfns.createWebhook({ orgId, ...hook }).webhookId

function assign(world: World, name = 'p') {
  const { orgId, dfns, machine } = world
  const { permissionId } = dfns.createPermission({ orgId, name, operations: ['Wallets:Read'] })
  return call(world, 'POST', `/permissions/${permissionId}/assignments`, { identityId: machine.userId })
}

const approvals = ({ dfns, orgId }: World) => dfns.approvals({ orgId })

describe.each(Object.keys(actions) as HeldAction[])('%s', (action) => {
  const [ask, effect] = actions[action]
  /** Who did it: the setting of the scene leaves lines of its own. */
  const done = (world: World) =>
    world.dfns.effects().filter(({ kind: of, by }) => of === effect && by !== 'administrator')

  test('is done at once, unless the switch holds it', async () => {
    const world = setUp()
    expect((await ask(world)).status).toBe(200)
    expect(done(world)).toHaveLength(1)
    expect(approvals(world)).toEqual([])
  })

  test('is held when the switch says so, and done by who asked when it is approved', async () => {
    const world = setUp()
    world.change(hold(action))
    const { status, json } = await ask(world)
    const [approval] = approvals(world)
    const { approvalId = '' } = approval ?? {}
    expect([status, json]).toEqual([202, expect.objectContaining({ status: 'Pending', approvalId })])
    expect(done(world)).toEqual([])
    expect(world.dfns.decideApproval({ approvalId, decision: 'Approved' })).toEqual({ outcome: 'Applied' })
    const { tokenId, credentialUuid } = world.admin
    expect(done(world).map(({ by }) => by)).toEqual([{ tokenId, credentialUuid }])
    expect(() => world.dfns.decideApproval({ approvalId, decision: 'Denied' })).toThrow('Approved before')
  })

  test('is dropped when it is denied', async () => {
    const world = setUp()
    world.change(hold(action))
    const { approvalId } = (await ask(world)).json as unknown as { approvalId: string }
    expect(world.dfns.decideApproval({ approvalId, decision: 'Denied' })).toEqual({ outcome: 'Rejected' })
    expect(done(world)).toEqual([])
    const kinds = world.dfns.effects().map(({ kind: of }) => of)
    expect(kinds.slice(-2)).toEqual(['approval requested', 'approval denied'])
  })
})

test('asking again makes another approval; the second to be approved fails', async () => {
  const world = setUp()
  world.change(hold('createServiceAccount'))
  const body = made()
  for (let time = 0; time < 2; time += 1) await call(world, 'POST', '/auth/service-accounts', body)
  const outcomes = approvals(world).map(({ approvalId }) =>
    world.dfns.decideApproval({ approvalId, decision: 'Approved' }),
  )
  expect(outcomes).toEqual([{ outcome: 'Applied' }, { outcome: 'Failed' }])
  expect(world.dfns.identities(world).filter(({ name }) => name === 'new')).toHaveLength(1)
})

test('what would be refused is refused, not held', async () => {
  const world = setUp()
  world.change(hold('createServiceAccount'))
  const { publicKey } = world.machine
  expect((await call(world, 'POST', '/auth/service-accounts', { name: 'x', publicKey })).status).toBe(409)
  expect(approvals(world)).toEqual([])
})

test('a policy on assignments holds back a service account and a PAT that name a permission', async () => {
  const world = setUp()
  world.change(hold('assignPermission'))
  const { dfns, orgId } = world
  const { permissionId } = dfns.createPermission({ orgId, name: 'p', operations: [] })
  const policy = { orgId, name: 'p', activityKind: 'Permissions:Assign', approverUserIds: [] }
  const { policyId } = dfns.addPolicy(policy)
  for (const path of ['/auth/service-accounts', '/auth/pats']) {
    expect((await call(world, 'POST', path, { ...made(), name: 'held', permissionId })).status).toBe(202)
    expect((await call(world, 'POST', path, made())).status).toBe(200)
  }
  expect(approvals(world).map(({ policyIds }) => policyIds)).toEqual([[policyId], [policyId]])
  const decided = approvals(world).map(({ approvalId }) =>
    dfns.decideApproval({ approvalId, decision: 'Approved' }),
  )
  expect(decided).toEqual([{ outcome: 'Applied' }, { outcome: 'Applied' }])
  const assigned = dfns.effects().filter((effect) => effect.permissionId === permissionId)
  expect(assigned.map((effect) => effect.kind)).toEqual(['permission assigned', 'permission assigned'])
})

test('force passes by a policy on deactivating and revoking', async () => {
  const world = setUp()
  world.change(hold('deactivateServiceAccount'))
  const path = `/auth/service-accounts/${world.machine.userId}/deactivate`
  expect((await call(world, 'PUT', path, { force: true })).status).toBe(200)
  world.change(hold('revokePermission'))
  const { userId } = world.machine
  const { permissionId, assignmentId } = world.dfns.assignPermission({ userId, operations: [] })
  const revoke = `/permissions/${permissionId}/assignments/${assignmentId}?force=true`
  expect((await call(world, 'DELETE', revoke)).status).toBe(200)
})

test('the SDK sees policies with their approvers', async () => {
  const world = await open()
  const { policies } = world.as(world.user({ permissions: everyPermission }))
  const { orgId, dfns } = world
  const policy = { orgId, name: 'p', activityKind: 'Permissions:Assign', approverUserIds: ['us-1', 'us-2'] }
  const { policyId } = dfns.addPolicy(policy)
  dfns.addPolicy({ ...policy, name: 'old', status: 'Archived' })
  const foreign = dfns.addPolicy({ ...policy, orgId: dfns.createOrganisation().orgId })
  const seen = await policies.getPolicy({ policyId })
  expect(seen).toMatchObject({
    id: policyId,
    activityKind: 'Permissions:Assign',
    status: 'Active',
    rule: { kind: 'AlwaysTrigger' },
    action: {
      kind: 'RequestApproval',
      approvalGroups: [{ quorum: 1, approvers: { userId: { in: ['us-1', 'us-2'] } } }],
    },
  })
  expect((await policies.listPolicies({ query: { status: 'Active' } })).items).toEqual([seen])
  const { items, nextPageToken = '' } = await policies.listPolicies({ query: { limit: '1' } })
  expect(items).toEqual([seen])
  const rest = await policies.listPolicies({ query: { paginationToken: nextPageToken } })
  expect(rest.items.map(({ name }) => name)).toEqual(['old'])
  await expect(policies.getPolicy(foreign)).rejects.toMatchObject({ httpStatus: 404 })
})

test('the SDK finds the approval of a change that was held, and its decision', async () => {
  const world = await open(hold('assignPermission'))
  const { orgId, dfns } = world
  const [admin, machine] = [world.user({ permissions: everyPermission }), world.account()]
  const { permissions, policies } = world.as(admin)
  const policy = { orgId, name: 'p', activityKind: 'Permissions:Assign', approverUserIds: ['us-boss'] }
  const { policyId } = dfns.addPolicy(policy)
  dfns.addPolicy({ ...policy, activityKind: 'Wallets:Sign' })
  dfns.addPolicy({ ...policy, status: 'Archived' })
  const { permissionId } = dfns.createPermission({ orgId, name: 'p', operations: [] })
  const identityId = machine.userId
  const ask = () => permissions.createAssignment({ permissionId, body: { identityId } })
  const held = (await ask().catch((error: unknown) => error)) as { context: Record<string, unknown> }
  expect(held).toMatchObject({
    httpStatus: 202,
    context: {
      status: 'Pending',
      kind: 'Assignment',
      operationKind: 'Create',
      requester: { userId: admin.userId, tokenId: admin.tokenId },
      body: { permissionId, identityId },
    },
  })
  const approvalId = String(held.context['approvalId'])
  const pending = { status: 'Pending', initiatorId: admin.userId } as const
  const [found] = (await policies.listApprovals({ query: pending })).items
  expect(found).toMatchObject({
    id: approvalId,
    activity: { kind: 'Permissions:Assign', changeRequest: held.context },
    policyEvaluations: [{ policyId, triggered: true }],
    decisions: [],
  })
  for (const query of [{ initiatorId: identityId }, { approverId: 'us-2' }, { status: 'Denied' } as const]) {
    expect((await policies.listApprovals({ query })).items).toEqual([])
  }
  expect((await policies.listApprovals({ query: { approverId: 'us-boss' } })).items).toEqual([found])

  dfns.decideApproval({ approvalId, decision: 'Denied', userId: 'us-boss' })
  expect((await policies.listApprovals({ query: pending })).items).toEqual([])
  const denied = await policies.getApproval({ approvalId })
  expect(denied).toMatchObject({ status: 'Denied', decisions: [{ userId: 'us-boss', value: 'Denied' }] })
  expect(denied.activity).toMatchObject({ changeRequest: { status: 'Rejected' } })
  await expect(policies.getApproval({ approvalId: 'ap-1' })).rejects.toMatchObject({ httpStatus: 404 })
})

test('approvals come by pages, oldest first, and of the own organisation', async () => {
  const world = setUp()
  world.change(hold('assignPermission'))
  for (const name of ['1', '2', '3']) await assign(world, name)
  const read = async (as: Holder, query: string) =>
    (await world.send({ as, method: 'GET', path: `/v2/policy-approvals${query}` })).json
  const first = await read(world.admin, '')
  const second = await read(world.admin, `?paginationToken=${String(first['nextPageToken'])}`)
  const ids = [first, second].map((page) => page.items as unknown as { id: string }[])
  expect(ids.map((page) => page.length)).toEqual([2, 1])
  expect(ids.flat().map(({ id }) => id)).toEqual(approvals(world).map(({ approvalId }) => approvalId))
  const { orgId } = world.dfns.createOrganisation()
  const { publicKey, privateKey: key } = newKey()
  const stranger = world.dfns.createUser({ orgId, name: 'x', publicKey, permissions: everyPermission })
  expect((await read({ ...stranger, key }, '')).items).toEqual([])
  const path = `/${approvals(world)[0]?.approvalId}`
  expect((await read({ ...stranger, key }, path))['error']).toMatchObject({ status: 404 })
  expect(await read(world.admin, path)).toMatchObject({ status: 'Pending' })
  expect((await read(world.admin, '?status=Open')).items).toBeUndefined()
})
