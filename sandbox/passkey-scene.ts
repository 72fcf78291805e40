import { type Clock, createClock } from './clock.ts'
import { createDfnsHandler } from './dfns/handler.ts'
import type { RelyingParty } from './dfns/model.ts'
import { createDfns, type Dfns } from './dfns/organisation.ts'
import type { Switches } from './dfns/switches.ts'
import { createWire, type Wire } from './faults.ts'
import { type Browsers, serve } from './http.ts'

/**
 * What Dfns's documents leave open, unkind to a person: whoever asks may lock themselves out with their last
 * passkey. The switches of the rotation refuse that, which is unkind to a Lambda.
 */
export const personWorld = {
  deactivateLast: 'allow',
  deactivateSigning: 'allow',
} as const satisfies Partial<Switches>

/** Dfns alone on a loopback address, for a page in a browser, with a person who has no passkey yet. */
export interface PasskeyScene {
  readonly dfns: Dfns
  readonly clock: Clock
  /** Every request but preflights; a fault struck here is, for a page, a network error. */
  readonly wire: Wire
  readonly browsers: Browsers
  readonly url: string
  readonly orgId: string
  readonly person: { readonly userId: string; readonly username: string }
  /** A code with which the person's first passkey can be registered at any allowed origin. */
  readonly code: () => string
  readonly stop: () => Promise<void>
}

export interface PasskeySceneOptions {
  readonly relyingParties: readonly RelyingParty[]
  /** On top of `personWorld` and of the pessimistic ones. */
  readonly switches?: Partial<Switches>
  readonly clock?: Clock
  /** 0 or absent: any port that is free. */
  readonly port?: number
}

/** Opens the scene. Its clock stands still unless it is one that goes. */
export async function openPasskeyScene(options: PasskeySceneOptions): Promise<PasskeyScene> {
  const { relyingParties, switches = {}, clock = createClock(), port } = options
  const dfns = createDfns({ clock, switches: { ...personWorld, ...switches } })
  const { orgId } = dfns.createOrganisation()
  dfns.setRelyingParties({ orgId, relyingParties })
  const person = dfns.createPerson({ orgId, name: 'Ada Lovelace' })
  const wire = createWire({ handlers: { dfns: createDfnsHandler(dfns) } })
  const browsers: Browsers = { origins: '*', keepsConnections: false }
  const server = await serve({ api: 'dfns', wire, now: () => clock.now(), port, browsers })
  return {
    dfns,
    clock,
    wire,
    browsers,
    url: server.url,
    orgId,
    person,
    code: () => dfns.issueCode(person).code,
    stop: () => server.close(),
  }
}
