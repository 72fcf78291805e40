import { WebhooksClient } from '@dfns/sdk/generated/webhooks/client.js'
import { onTestFinished } from 'vitest'
import { createClock } from '../../../sandbox/clock.ts'
import { createDfnsHandler } from '../../../sandbox/dfns/handler.ts'
import { createDfns } from '../../../sandbox/dfns/organisation.ts'
import type { Switches } from '../../../sandbox/dfns/switches.ts'
import type { Answer, Deliver, Delivery } from '../../../sandbox/dfns/webhook-model.ts'
import { createWire } from '../../../sandbox/faults.ts'
import { serve } from '../../../sandbox/http.ts'
import { assertion, type Holder, kind, newKey } from './world.ts'

/** Every permission that has to do with webhooks. */
export const webhookPermissions = [
  'Webhooks:Create',
  'Webhooks:Read',
  'Webhooks:Update',
  'Webhooks:Delete',
  'Webhooks:Ping',
  'Webhooks:Events:Read',
]

export const url = 'https://receiver.test/hook'

/** A simulator over HTTP on a virtual clock, with Dfns's own client for webhooks. */
export async function webhookWorld({
  switches = {},
  deliver,
}: {
  switches?: Partial<Switches>
  deliver?: Deliver
} = {}) {
  const clock = createClock()
  const all = { ...kind, webhookPageSize: 10, ...switches }
  const dfns = createDfns({ clock, switches: all, ...(deliver && { deliver }) })
  const { orgId } = dfns.createOrganisation()
  const wire = createWire({ handlers: { dfns: createDfnsHandler(dfns) } })
  const server = await serve({ api: 'dfns', wire, now: () => clock.now() })
  onTestFinished(() => server.close())

  /** Dfns's client with a signer for this token. */
  function clientOf({ authToken, credId, key }: Holder, org = orgId): WebhooksClient {
    const sign = ({ challenge }: { challenge: string }) =>
      Promise.resolve({ kind: 'Key' as const, credentialAssertion: assertion({ credId, key, challenge }) })
    return new WebhooksClient({ baseUrl: server.url, orgId: org, authToken, signer: { sign } })
  }

  /** A service account with these permissions. */
  function account(operations: readonly string[] = webhookPermissions, org = orgId) {
    const { publicKey, privateKey } = newKey()
    const issued = dfns.createServiceAccount({ orgId: org, name: 'payments', publicKey })
    if (operations.length > 0) dfns.assignPermission({ userId: issued.userId, operations })
    return { ...issued, key: privateKey }
  }

  /** A receiver that gives these answers one after the other, and 200 when they are used up. */
  function receiver({ at = url, answers = [] }: { at?: string; answers?: readonly Answer[] } = {}) {
    const left = [...answers]
    const received: (Delivery & { at: number })[] = []
    dfns.receive({
      url: at,
      respond: (delivery) => {
        received.push({ ...delivery, at: clock.now() })
        return left.shift() ?? { status: 200 }
      },
    })
    return { received, payloads: () => received.map(({ body }) => payloadOf(body)) }
  }

  const holder = account()
  return {
    clock,
    dfns,
    orgId,
    wire,
    holder,
    client: clientOf(holder),
    clientOf,
    account,
    receiver,
    change: (changed: Partial<Switches>) => dfns.setSwitches({ orgId, switches: changed }),
  }
}

/** The fields of a delivered event. */
export interface Payload {
  readonly id: string
  readonly kind: string
  readonly date: string
  readonly data: unknown
  readonly timestampSent: number
  readonly deliveryAttempt: number
  readonly retryOf?: string
}

export const payloadOf = (body: string) => JSON.parse(body) as Payload

export const minute = 60_000
export const hour = 60 * minute
export const day = 24 * hour
