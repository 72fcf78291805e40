import { describe, expect, test } from 'vitest'
import { authMatrix, type CallerKind, type Operation } from '../../../sandbox/dfns/matrix.ts'
import { endpoints } from '../../../sandbox/dfns/routes.ts'
import { type SelfRotationEndpoint, selfRotation } from '../../../sandbox/dfns/switches.ts'
import { createWorld, newKey } from './world.ts'

interface Row {
  /** Who may, with the switches at "refused". */
  readonly may: readonly CallerKind[]
  /** Who may besides where `unsettledRows` allows it. */
  readonly perhaps?: readonly CallerKind[]
  readonly permission?: string
}

const callers: readonly CallerKind[] = ['user', 'endUser', 'pat', 'serviceAccount']
const sessions: Row = { may: ['user', 'endUser'] }
const all: Row = { may: callers }
const staff = (permission: string): Row => ({ may: ['user', 'pat', 'serviceAccount'], permission })
const user = (permission: string, perhaps: readonly CallerKind[] = ['pat', 'serviceAccount']): Row => ({
  may: ['user'],
  perhaps,
  permission,
})

/** Every row of the matrix, typed in once more from the documents. */
const documented: Record<Operation, Row> = {
  'POST /auth/action/init': all,
  'POST /auth/action': all,
  'GET /auth/action/logs': user('Auth:Logs:Read'),
  'GET /auth/action/logs/{id}': user('Auth:Logs:Read'),
  'PUT /auth/logout': sessions,
  'POST /auth/credentials/init': sessions,
  'POST /auth/credentials': sessions,
  'GET /auth/credentials': { may: ['user', 'endUser', 'pat'] },
  'PUT /auth/credentials/activate': sessions,
  'PUT /auth/credentials/deactivate': sessions,
  'DELETE /auth/credentials/{credentialUuid}': sessions,
  'POST /auth/credentials/code': sessions,
  'POST /auth/service-accounts': user('Auth:ServiceAccounts:Create', []),
  'GET /auth/service-accounts': staff('Auth:ServiceAccounts:Read'),
  'GET /auth/service-accounts/{serviceAccountId}': staff('Auth:ServiceAccounts:Read'),
  'PUT /auth/service-accounts/{serviceAccountId}': user('Auth:ServiceAccounts:Update'),
  'PUT /auth/service-accounts/{serviceAccountId}/activate': user('Auth:ServiceAccounts:Activate'),
  'PUT /auth/service-accounts/{serviceAccountId}/deactivate': {
    may: ['user', 'serviceAccount'],
    permission: 'Auth:ServiceAccounts:Deactivate',
  },
  'DELETE /auth/service-accounts/{serviceAccountId}': user('Auth:ServiceAccounts:Delete', ['serviceAccount']),
  'POST /auth/pats': { ...sessions, permission: 'Auth:Pats:Create' },
  'GET /auth/pats': all,
  'GET /auth/pats/{tokenId}': all,
  'PUT /auth/pats/{tokenId}': { ...sessions, perhaps: ['pat', 'serviceAccount'] },
  'PUT /auth/pats/{tokenId}/activate': { ...sessions, perhaps: ['pat', 'serviceAccount'] },
  'PUT /auth/pats/{tokenId}/deactivate': all,
  'DELETE /auth/pats/{tokenId}': all,
  'GET /permissions': staff('Permissions:Read'),
  'GET /permissions/{permissionId}': staff('Permissions:Read'),
  'GET /permissions/{permissionId}/assignments': staff('Permissions:Assignments:Read'),
  'POST /permissions/{permissionId}/assignments': user('Permissions:Assign'),
  'DELETE /permissions/{permissionId}/assignments/{assignmentId}': user('Permissions:Revoke'),
  'GET /v2/policies': staff('Policies:Read'),
  'GET /v2/policies/{policyId}': staff('Policies:Read'),
  'GET /v2/policy-approvals': staff('Policies:Approvals:Read'),
  'GET /v2/policy-approvals/{approvalId}': staff('Policies:Approvals:Read'),
  'POST /webhooks': staff('Webhooks:Create'),
  'GET /webhooks': staff('Webhooks:Read'),
  'GET /webhooks/{webhookId}': staff('Webhooks:Read'),
  'PUT /webhooks/{webhookId}': staff('Webhooks:Update'),
  'DELETE /webhooks/{webhookId}': staff('Webhooks:Delete'),
  'POST /webhooks/{webhookId}/ping': staff('Webhooks:Ping'),
  'GET /webhooks/{webhookId}/events': staff('Webhooks:Events:Read'),
  'GET /webhooks/{webhookId}/events/{webhookEventId}': staff('Webhooks:Events:Read'),
}
const operations = Object.keys(documented) as Operation[]
const everything = Object.values(documented).flatMap(({ permission = [] }) => permission)

function setUp({ permissions = everything }: { permissions?: readonly string[] } = {}) {
  const world = createWorld()
  const { dfns, orgId } = world
  const someone = (name: string) => ({ orgId, name, publicKey: newKey().publicKey })
  const user = dfns.createUser(someone('user'))
  const endUser = dfns.createUser({ ...someone('end user'), kind: 'EndUser' })
  const serviceAccount = dfns.createServiceAccount(someone('account'))
  const { publicKey } = newKey()
  const pat = dfns.createPersonalAccessToken({ userId: user.userId, name: 'pat', publicKey })
  const all = { user, endUser, pat, serviceAccount }
  for (const { userId } of Object.values(all)) {
    dfns.assignPermission({ userId, operations: permissions })
  }
  return { ...world, all }
}

/** What the matrix alone says of a request: an unsigned, empty one goes no further than the user action or the body. */
async function answer({
  world,
  operation,
  caller,
}: {
  world: ReturnType<typeof setUp>
  operation: Operation
  caller: CallerKind
}): Promise<'allowed' | 401 | 403> {
  const [method = '', template = ''] = operation.split(' ')
  const path = template.replaceAll(/\{\w+\}/g, world.all.serviceAccount.userId)
  const { status, body } = await world.send({ as: world.all[caller], method, path })
  const refused = (status === 401 || status === 403) && !body.includes('user action signature')
  return refused ? status : 'allowed'
}

test('every row of the matrix has an endpoint, and every endpoint a row', () => {
  expect(Object.keys(endpoints)).toEqual(Object.keys(authMatrix))
  expect(operations).toEqual(Object.keys(authMatrix))
})

describe.each(operations)('%s', (operation) => {
  const { may, perhaps = [] } = documented[operation]

  test.each(callers)('as the matrix says for %s', async (caller) => {
    const expected = may.includes(caller) ? 'allowed' : 403
    expect(await answer({ world: setUp(), operation, caller })).toBe(expected)
    const world = setUp()
    world.change({ unsettledRows: 'allow' })
    expect(await answer({ world, operation, caller })).toBe(perhaps.includes(caller) ? 'allowed' : expected)
  })
})

const guarded = operations.flatMap((operation) => {
  const { may, permission } = documented[operation]
  return permission === undefined ? [] : [{ operation, permission, may }]
})

test.each(guarded)('$operation asks for $permission, and for nothing else', async (row) => {
  const { operation, permission, may } = row
  const others = everything.filter((other) => other !== permission)
  const [without, alone] = [setUp({ permissions: others }), setUp({ permissions: [permission] })]
  for (const caller of may) {
    expect(await answer({ world: without, operation, caller })).toBe(403)
    expect(await answer({ world: alone, operation, caller })).toBe('allowed')
  }
})

const unsigned = /^GET|\/auth\/action|\/init$|\/auth\/logout/
const mutating = operations.filter((operation) => !unsigned.test(operation))

test.each(mutating)('%s asks for a user action before it looks at anything', async (operation) => {
  const { all, send } = setUp()
  const [method = '', path = ''] = operation.split(' ')
  const { status, body } = await send({ as: all.user, method, path, body: 'no JSON' })
  expect([status, body]).toEqual([403, expect.stringContaining('user action signature is missing')])
})

test('an approval may be read with the permission’s newer name, too', async () => {
  const world = setUp({ permissions: ['Policies:Evaluations:Read'] })
  expect(await answer({ world, operation: 'GET /v2/policy-approvals', caller: 'user' })).toBe('allowed')
})

const switched: Record<SelfRotationEndpoint, Operation> = {
  init: 'POST /auth/credentials/init',
  create: 'POST /auth/credentials',
  list: 'GET /auth/credentials',
  activate: 'PUT /auth/credentials/activate',
  deactivate: 'PUT /auth/credentials/deactivate',
  delete: 'DELETE /auth/credentials/{credentialUuid}',
  code: 'POST /auth/credentials/code',
}

describe.each(Object.keys(switched) as SelfRotationEndpoint[])('selfRotation.%s', (endpoint) => {
  test.each([
    ['allow', 'allowed'],
    [401, 401],
    [403, 403],
  ] as const)(
    '%s decides what a service account is answered there, and nowhere else',
    async (value, expected) => {
      const world = setUp()
      world.change({ selfRotation: { ...selfRotation.allRefused, [endpoint]: value } })
      for (const operation of Object.values(switched)) {
        const here = operation === switched[endpoint]
        expect(await answer({ world, operation, caller: 'serviceAccount' })).toBe(here ? expected : 403)
      }
      expect(await answer({ world, operation: switched[endpoint], caller: 'user' })).toBe('allowed')
    },
  )

  test('does not touch what the matrix allows to a PAT', async () => {
    const world = setUp()
    world.change({ selfRotation: selfRotation.allUnauthorised })
    const allowed = documented[switched[endpoint]].may.includes('pat')
    expect(await answer({ world, operation: switched[endpoint], caller: 'pat' })).toBe(
      allowed ? 'allowed' : 401,
    )
  })
})

test('a mixed world lets a service account register a key but not list', async () => {
  const world = setUp()
  world.change({ selfRotation: selfRotation.createAllowedListRefused })
  const caller = 'serviceAccount'
  expect(await answer({ world, operation: 'POST /auth/credentials', caller })).toBe('allowed')
  expect(await answer({ world, operation: 'GET /auth/credentials', caller })).toBe(403)
})
