import { createClock } from '../../sandbox/clock.ts'
import { createDfnsHandler } from '../../sandbox/dfns/handler.ts'
import { createDfns } from '../../sandbox/dfns/organisation.ts'
import type { Switches } from '../../sandbox/dfns/switches.ts'
import { createWire, type Wire } from '../../sandbox/faults.ts'
import { personWorld } from '../../sandbox/passkey-scene.ts'
import { type App, createApp } from '../../web/core/app.ts'
import { createDfns as createCalls } from '../../web/core/dfns.ts'
import { createSend } from '../../web/core/http.ts'
import type { State } from '../../web/core/state.ts'
import { type Device, type Hands, hands, newDevice } from './devices.ts'

export const home = { origin: 'https://a.example', rpId: 'a.example' } as const
export const away = { origin: 'https://b.example', rpId: 'b.example' } as const

/** One opened page: a reload is another one with the same devices. */
export interface Tab {
  readonly app: App
  readonly hands: Hands
  /** Every state it was in. */
  readonly states: State[]
}

export type World = ReturnType<typeof openWorld>

/** The page without its looks, against the simulator in memory, with a person and a laptop that holds a passkey. */
export async function worldWithPasskey(switches: Partial<Switches> = {}) {
  const world = openWorld(switches)
  const laptop = newDevice()
  const tab = world.open({ device: laptop, startsWith: 'redeem' })
  await tab.app.redeem({ code: world.code(), label: 'Laptop' })
  await tab.app.signIn(world.login)
  const first = world.credentials()[0]
  if (first === undefined) throw new Error('the first passkey was not registered')
  return { world, tab, laptop, first: first.credentialUuid, phone: newDevice('cross-platform') }
}

export function openWorld(switches: Partial<Switches> = {}) {
  const clock = createClock()
  const dfns = createDfns({ clock, switches: { ...personWorld, acceptanceLag: 0, ...switches } })
  const { orgId } = dfns.createOrganisation()
  const relyingParties = [home, away].map(({ rpId, origin }) => ({ id: rpId, origins: [origin] }))
  dfns.setRelyingParties({ orgId, relyingParties })
  const person = dfns.createPerson({ orgId, name: 'Ada Lovelace' })
  const wire = createWire({ handlers: { dfns: createDfnsHandler(dfns) } })
  const devices = new Set<Device>()
  return {
    clock,
    dfns,
    orgId,
    person,
    wire,
    login: { username: person.username, orgId },
    code: () => dfns.issueCode(person).code,
    credentials: () => dfns.credentials(person),
    /** The credentials that the person can sign with: active, and in an authenticator. */
    usable: () => {
      const held = [...devices].flatMap((device) => device.held.map(({ passkey }) => passkey.credId))
      return dfns.credentials(person).filter((it) => it.isActive && held.includes(it.credentialId))
    },
    open: (given: {
      device: Device
      at?: typeof home | typeof away
      startsWith?: 'redeem'
      /** Milliseconds that the device's clock is ahead. */
      clockOff?: number
    }): Tab => {
      const { device, at = home, startsWith = 'sign-in', clockOff = 0 } = given
      devices.add(device)
      const held = hands({ origin: at.origin, device })
      const states: State[] = []
      const app = createApp({
        config: {
          apiUrl: 'https://dfns.test',
          orgId,
          relyingParty: { id: at.rpId, name: 'Example' },
          otherSites: [],
        },
        dfns: createCalls(createSend({ apiUrl: 'https://dfns.test', fetch: fetchOver(wire) })),
        authenticator: held,
        now: () => clock.now() + clockOff,
        pause: (ms) => clock.advance(ms),
        startsWith,
        onChange: (state) => states.push(state),
      })
      return { app, hands: held, states }
    },
    /** A device of which the checks may know that it is the person's. */
    keep: (device: Device): Device => {
      devices.add(device)
      return device
    },
  }
}

/** The wire as `fetch`: a broken connection is a TypeError, as in a browser. */
function fetchOver(wire: Wire): typeof fetch {
  return async (input, init = {}) => {
    const url = new URL(input instanceof Request ? input.url : input)
    const { method = 'GET', body } = init
    const path = url.pathname + url.search
    const headers = Object.fromEntries(new Headers(init.headers))
    const text = typeof body === 'string' ? body : ''
    const operation = `${method} ${url.pathname}`
    const reply = await wire.dispatch({ service: 'dfns', operation, method, path, headers, body: text })
    if (reply === 'broken') throw new TypeError('Failed to fetch')
    return new Response(reply.body, {
      status: reply.status,
      ...(reply.headers && { headers: reply.headers }),
    })
  }
}
