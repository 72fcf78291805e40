import { adding } from './adding.ts'
import { changing } from './changing.ts'
import { redeeming } from './redeeming.ts'
import { replacing } from './replacing.ts'
import { signingIn } from './signing-in.ts'
import type { State } from './state.ts'
import { createStore, dfnsNow, type Parts } from './store.ts'

/** The page without its looks: a state, and everything a person may do. */
export type App = ReturnType<typeof createApp>

/**
 * Makes the page. `onChange` hears of every new state. Actions may be called at any time: one that another
 * keeps from running, or that the screen does not offer, does nothing or says so.
 */
export function createApp(
  given: Parts & {
    username?: string
    orgId?: string
    startsWith?: 'sign-in' | 'redeem'
    onChange?: (state: State) => void
  },
) {
  const { username = '', orgId = given.config.orgId ?? '', onChange = () => undefined } = given
  const screen =
    given.startsWith === 'redeem'
      ? ({ name: 'redeem', step: 'code', code: '', label: '' } as const)
      : ({ name: 'sign-in' } as const)
  const broken = { name: 'broken', problem: 'unsupported' } as const
  const first = given.authenticator.isSupported ? screen : broken
  const store = createStore({
    ...given,
    onChange,
    initial: { screen: first, isStale: false, username, orgId },
  })
  const { config } = given
  return {
    state: () => store.state(),
    relyingPartyId: config.relyingParty.id,
    otherSites: config.otherSites,
    asksForOrganisation: config.orgId === undefined,
    /** What a link to another place of the page must carry of the organisation. */
    orgIdForLinks: () => (config.orgId === undefined ? store.state().orgId : undefined),
    /** Dfns's time in milliseconds, as far as the session tells it. */
    dfnsNow: () => dfnsNow(store),
    ...signingIn(store),
    ...changing(store),
    ...replacing(store),
    ...adding(store),
    ...redeeming(store),
  }
}
