import type { WebhookSwitches } from '../../../sandbox/dfns/webhook-switches.ts'
import type { Proof, World } from './proof.ts'
import { webhookPermissions } from './webhook-world.ts'

const url = 'https://receiver.test/hook'

function owner(world: World) {
  const as = world.account()
  world.dfns.assignPermission({ userId: as.userId, operations: webhookPermissions })
  const create = (more: object = {}) =>
    world.signed({ as, method: 'POST', path: '/webhooks', body: { url, events: ['*'], ...more } })
  const list = () => world.send({ as, method: 'GET', path: '/webhooks' })
  return { as, create, list }
}

/** Creates webhooks until one is refused: how many there are, and the status of that refusal. */
async function fill(world: World) {
  const { create, as } = owner(world)
  for (let made = 0; ; made += 1) {
    const reply = await create({ status: made % 2 ? 'Enabled' : 'Disabled' })
    if (reply.status === 200) continue
    // Deleting one makes room for one.
    const { webhookId } = world.dfns.webhooks({ orgId: world.orgId })[0] ?? { webhookId: '' }
    await world.signed({ as, method: 'DELETE', path: `/webhooks/${webhookId}` })
    return { made, status: reply.status, afterwards: (await create()).status }
  }
}

/** What is seen of each switch of webhooks; the first position is the default. */
export const webhookProofs: { readonly [Name in keyof WebhookSwitches]: Proof<WebhookSwitches[Name]> } = {
  webhookCap: {
    observe: async (world) => {
      const { made, afterwards } = await fill(world)
      return [made, afterwards]
    },
    positions: [
      [5, [5, 200]],
      [1, [1, 200]],
    ],
  },
  webhookCapStatus: {
    observe: async (world) => (await fill(world)).status,
    positions: [
      [400, 400],
      [409, 409],
    ],
  },
  webhookUpdateShowsSecret: {
    observe: async (world) => {
      const { as, create } = owner(world)
      const { id, secret } = (await create()).json
      const path = `/webhooks/${String(id)}`
      const update = await world.signed({ as, method: 'PUT', path, body: { status: 'Disabled' } })
      const read = await world.send({ as, method: 'GET', path })
      return [update.json['secret'] === secret, read.json['secret'], update.json['secret'] === undefined]
    },
    positions: [
      [false, [false, undefined, true]],
      [true, [true, undefined, false]],
    ],
  },
  webhookUpdateTouches: {
    observe: async (world) => {
      const { as, create } = owner(world)
      const { id, dateUpdated } = (await create()).json
      world.pass(60_000)
      const path = `/webhooks/${String(id)}`
      const update = await world.signed({ as, method: 'PUT', path, body: { url } })
      return update.json['dateUpdated'] !== dateUpdated
    },
    positions: [
      [true, true],
      [false, false],
    ],
  },
  webhookPingDisabled: {
    observe: async (world) => {
      const { as, create } = owner(world)
      world.dfns.receive({ url, respond: () => ({ status: 200 }) })
      const { id } = (await create({ status: 'Disabled' })).json
      const ping = await world.signed({ as, method: 'POST', path: `/webhooks/${String(id)}/ping` })
      return [ping.status, ping.json['status']]
    },
    positions: [
      [422, [422, undefined]],
      [400, [400, undefined]],
      [409, [409, undefined]],
      ['deliver', [200, '200']],
    ],
  },
  webhookListLag: {
    observe: async (world) => {
      const { as, create, list } = owner(world)
      const { id } = (await create()).json
      const found = (await world.send({ as, method: 'GET', path: `/webhooks/${String(id)}` })).status
      const lengths = []
      for (let listing = 0; listing < 3; listing += 1) lengths.push((await list()).json.items.length)
      return [found, ...lengths]
    },
    positions: [
      [1, [200, 0, 1, 1]],
      [0, [200, 1, 1, 1]],
      [2, [200, 0, 0, 1]],
    ],
  },
  webhookPageSize: {
    observe: async (world) => {
      const { create, list } = owner(world)
      for (let made = 0; made < 3; made += 1) await create()
      const { items, nextPageToken } = (await list()).json
      return [items.length, typeof nextPageToken]
    },
    positions: [
      [2, [2, 'string']],
      [3, [3, 'undefined']],
    ],
  },
  webhookUnknownEvents: {
    observe: async (world) => {
      const { create } = owner(world)
      const newest = await create({ events: ['vault.event.created', 'wallet.transfer.confirmed'] })
      return [(await create({ events: ['*', 'moon.landed'] })).status, newest.status]
    },
    positions: [
      ['refuse', [400, 200]],
      ['allow', [200, 200]],
    ],
  },
}
