import { createHmac } from 'node:crypto'
import type { Delivery } from '../../sandbox/dfns/webhook-model.ts'
import type { Simulation } from '../simulation/world.ts'

const minuteMs = 60_000
const hourMs = 60 * minuteMs

/** Something that looks like a delivery, and when it is sent. */
export interface Forgery {
  readonly sort: string
  readonly at: number
  /** Made when it is sent; nothing where there is nothing to make it of. */
  delivery(): Delivery | undefined
}

export type Forging = (genuine: Delivery) => Forgery

const header = 'x-dfns-webhook-signature'

const signatureOf = (secret: string, body: string) =>
  `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`

/** Who has seen deliveries, and once had a secret that is retired by now, makes up deliveries of all sorts. */
export function forgers({ world, random }: { world: Simulation; random: () => number }): Forging {
  const { clock } = world
  let number = 1_000_000_000
  /** Of something that never happened, sent now. */
  const madeUp = (body: string) =>
    JSON.stringify({
      ...(JSON.parse(body) as object),
      data: { n: number++, note: 'zwölf €' },
      timestampSent: Math.floor(clock.now() / 1_000),
    })
  const retired = retiredSecrets(world)
  const signed = (genuine: Delivery, change: (body: string) => { body: string; signature: string }) => {
    const { body, signature } = change(genuine.body)
    return { ...genuine, body, headers: { ...genuine.headers, [header]: signature } }
  }
  const withKey = (genuine: Delivery, secret: string) =>
    signed(genuine, (text) => {
      const body = madeUp(text)
      return { body, signature: signatureOf(secret, body) }
    })
  const sorts: Readonly<Record<string, (genuine: Delivery) => Delivery | undefined>> = {
    'another body under the signature': (genuine) =>
      signed(genuine, (body) => ({ body: madeUp(body), signature: genuine.headers[header] ?? '' })),
    'a secret of its own': (genuine) => withKey(genuine, 'whs-made-up'),
    'an empty secret': (genuine) => withKey(genuine, ''),
    'a secret that is retired': (genuine) => {
      const secret = retired()
      return secret === undefined ? undefined : withKey(genuine, secret)
    },
    'no signature': (genuine) => ({ ...genuine, body: madeUp(genuine.body), headers: {} }),
    'half a signature': (genuine) =>
      signed(genuine, (body) => ({ body, signature: (genuine.headers[header] ?? '').slice(0, 20) })),
    'a replay': (genuine) => genuine,
    'a replay with another time': (genuine) =>
      signed(genuine, (body) => ({
        body: body.replace(/"timestampSent":\d+/, `"timestampSent":${Math.floor(clock.now() / 1_000)}`),
        signature: genuine.headers[header] ?? '',
      })),
  }
  const names = Object.keys(sorts)
  return (genuine) => {
    const sort = names[Math.floor(random() * names.length)] ?? ''
    // Past the window of five minutes, whatever two clocks are apart.
    const later = sort.startsWith('a replay') ? 12 * minuteMs + random() * 20 * hourMs : random() * minuteMs
    return { sort, at: clock.now() + later, delivery: () => sorts[sort]?.(genuine) }
  }
}

/** The secret of a webhook that has been deleted for longer than any cache lasts. */
function retiredSecrets({ clock, dfns }: Simulation): () => string | undefined {
  const goneSince = new Map<string, number>()
  const look = () => {
    for (const { webhookId, isDeleted } of dfns.state.webhooks.values())
      if (isDeleted && !goneSince.has(webhookId)) goneSince.set(webhookId, clock.now())
    clock.at(clock.now() + hourMs, look)
  }
  look()
  return () => {
    const gone = [...goneSince].filter(([, since]) => since < clock.now() - 2 * hourMs)
    const [webhookId = ''] = gone.at(-1) ?? []
    return dfns.state.webhooks.get(webhookId)?.secret
  }
}
