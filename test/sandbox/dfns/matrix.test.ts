import { describe, expect, test } from 'vitest'
import { authMatrix, type CallerKind, type Operation } from '../../../sandbox/dfns/matrix.ts'
import { endpoints } from '../../../sandbox/dfns/routes.ts'
import { type SelfRotationEndpoint, selfRotation } from '../../../sandbox/dfns/switches.ts'
import { webhookPermissions } from './webhook-world.ts'
import { createWorld, newKey } from './world.ts'

/** Every row of the matrix, typed in once more from the documents: who may, with the switches at "refused". */
const documented: Record<Operation, readonly CallerKind[]> = {
  'POST /auth/action/init': ['user', 'endUser', 'pat', 'serviceAccount'],
  'POST /auth/action': ['user', 'endUser', 'pat', 'serviceAccount'],
  'POST /auth/credentials/init': ['user', 'endUser'],
  'POST /auth/credentials': ['user', 'endUser'],
  'GET /auth/credentials': ['user', 'endUser', 'pat'],
  'PUT /auth/credentials/activate': ['user', 'endUser'],
  'PUT /auth/credentials/deactivate': ['user', 'endUser'],
  'GET /auth/service-accounts/{serviceAccountId}': ['user', 'pat', 'serviceAccount'],
  'POST /webhooks': ['user', 'pat', 'serviceAccount'],
  'GET /webhooks': ['user', 'pat', 'serviceAccount'],
  'GET /webhooks/{webhookId}': ['user', 'pat', 'serviceAccount'],
  'PUT /webhooks/{webhookId}': ['user', 'pat', 'serviceAccount'],
  'DELETE /webhooks/{webhookId}': ['user', 'pat', 'serviceAccount'],
  'POST /webhooks/{webhookId}/ping': ['user', 'pat', 'serviceAccount'],
  'GET /webhooks/{webhookId}/events': ['user', 'pat', 'serviceAccount'],
  'GET /webhooks/{webhookId}/events/{webhookEventId}': ['user', 'pat', 'serviceAccount'],
}
const operations = Object.keys(documented) as Operation[]
const callers: readonly CallerKind[] = ['user', 'endUser', 'pat', 'serviceAccount']

function setUp() {
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
    dfns.assignPermission({ userId, operations: ['Auth:ServiceAccounts:Read', ...webhookPermissions] })
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
  const path = template.replace(/\{\w+\}/, world.all.serviceAccount.userId)
  const { status, body } = await world.send({ as: world.all[caller], method, path })
  const refused = (status === 401 || status === 403) && !body.includes('user action signature')
  return refused ? status : 'allowed'
}

test('every row of the matrix has an endpoint, and every endpoint a row', () => {
  expect(Object.keys(endpoints)).toEqual(Object.keys(authMatrix))
  expect(operations).toEqual(Object.keys(authMatrix))
})

describe.each(operations)('%s', (operation) => {
  test.each(callers)('as the matrix says for %s', async (caller) => {
    const world = setUp()
    const expected = documented[operation].includes(caller) ? 'allowed' : 403
    expect(await answer({ world, operation, caller })).toBe(expected)
  })
})

const switched: Record<SelfRotationEndpoint, Operation> = {
  init: 'POST /auth/credentials/init',
  create: 'POST /auth/credentials',
  list: 'GET /auth/credentials',
  activate: 'PUT /auth/credentials/activate',
  deactivate: 'PUT /auth/credentials/deactivate',
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
    const allowed = documented[switched[endpoint]].includes('pat')
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
