import type { CallerKind } from '../../../sandbox/dfns/matrix.ts'
import type { webhookMatrix } from '../../../sandbox/dfns/webhook-matrix.ts'
import { createWorld, kind, newKey } from './world.ts'

type World = ReturnType<typeof createWorld>

const someone = ({ orgId }: World) => {
  const { publicKey, privateKey: key } = newKey()
  return { given: { orgId, name: 'someone', publicKey }, key }
}

/** One caller of each kind that the auth matrix knows, with its key. */
const callers = {
  user: (world: World) => {
    const { given, key } = someone(world)
    return { ...world.dfns.createUser(given), key }
  },
  endUser: (world: World) => {
    const { given, key } = someone(world)
    return { ...world.dfns.createUser({ ...given, kind: 'EndUser' }), key }
  },
  pat: (world: World) => {
    const [owner, its] = [someone(world), someone(world)]
    const { userId } = world.dfns.createUser(owner.given)
    return { ...world.dfns.createPersonalAccessToken({ ...its.given, userId }), key: its.key }
  },
  serviceAccount: (world: World) => {
    const { given, key } = someone(world)
    return { ...world.dfns.createServiceAccount(given), key }
  },
} satisfies Record<CallerKind, (world: World) => unknown>

const bodies: Partial<Record<keyof typeof webhookMatrix, object>> = {
  'POST /webhooks': { url: 'https://receiver.test/new', events: ['*'] },
  'PUT /webhooks/{webhookId}': { description: 'new' },
}

/** A whole request of such a caller, for a webhook that there is: the status, and what it did to webhooks. */
export async function requestFor({
  operation,
  caller,
  permissions,
  signs = true,
}: {
  operation: keyof typeof webhookMatrix
  caller: CallerKind
  permissions: readonly string[]
  signs?: boolean
}) {
  const world = createWorld(kind)
  const { dfns, orgId } = world
  const as = callers[caller](world)
  dfns.assignPermission({ userId: as.userId, operations: permissions })
  const { webhookId } = dfns.createWebhook({ orgId, url: 'https://receiver.test/', events: ['*'] })
  dfns.receive({ url: 'https://receiver.test/', respond: () => ({ status: 200 }) })
  await dfns.emit({ orgId, kind: 'wallet.created', data: {} })
  const eventId = dfns.webhookEvents({ webhookId })[0]?.id ?? ''
  const before = dfns.effects().length
  const [method = '', template = ''] = operation.split(' ')
  const path = template.replace('{webhookId}', webhookId).replace('{webhookEventId}', eventId)
  const body = bodies[operation]
  const reply =
    signs && method !== 'GET'
      ? await world.signed({ as, method, path, ...(body && { body }) })
      : await world.send({ as, method, path, body })
  const effects = dfns.effects().slice(before)
  return { status: reply.status, effects: effects.filter((effect) => effect.kind.startsWith('webhook')) }
}
