import { readAddress, writeAddress } from './browser/address.ts'
import { createAuthenticator } from './browser/webauthn.ts'
import { createApp } from './core/app.ts'
import { type Config, readConfig } from './core/config.ts'
import { createDfns } from './core/dfns.ts'
import { createSend } from './core/http.ts'
import { Problem } from './core/problems.ts'
import { say } from './core/words.ts'
import { createPage, type Slots } from './view/page.ts'

const second = 1_000

async function loadConfig(): Promise<Config> {
  const response = await fetch('config.json', { cache: 'no-cache', credentials: 'omit' })
  return readConfig({ value: await response.json(), hostname: location.hostname })
}

function slot(id: string): HTMLElement {
  const element = document.getElementById(id)
  if (element === null) throw new Error(`index.html has no ${id}`)
  return element
}

function start({ config, slots }: { config: Config; slots: Slots }): void {
  const address = readAddress(location.hash)
  const page = createPage(slots, () => app)
  const app = createApp({
    config,
    dfns: createDfns(createSend({ apiUrl: config.apiUrl, fetch: (...request) => fetch(...request) })),
    authenticator: createAuthenticator(),
    now: () => Date.now(),
    pause: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
    startsWith: address.startsWith,
    ...(address.username !== undefined && { username: address.username }),
    ...(address.orgId !== undefined && { orgId: address.orgId }),
    onChange: (state) => {
      page(state)
      // A reload then asks for the same person's passkey, and nobody types the name again.
      if (state.account === undefined) return
      const orgId = config.orgId === undefined ? state.orgId : undefined
      const hash = writeAddress({ username: state.username, orgId })
      if (hash !== location.hash) history.replaceState(null, '', hash)
    },
  })
  page(app.state())
  setInterval(() => app.tick(), second)
  // Somebody typed or followed another address of this very page.
  addEventListener('hashchange', () => location.reload())
}

/** Says on the bare page why there is nothing more on it. */
function giveUp(slots: Slots, error: unknown): void {
  const code = error instanceof Problem && error.code === 'wrong-domain' ? 'wrong-domain' : undefined
  const { title, text } = code
    ? say({ kind: 'problem', code })
    : { title: 'This page is not set up', text: '' }
  slots.main.textContent = code
    ? `${title}. ${text}`
    : `${title}: its config.json is missing or not understood. docs/passkeys.md tells what belongs there.`
}

const slots = {
  main: slot('main'),
  account: slot('account'),
  polite: slot('polite'),
  urgent: slot('urgent'),
}

// The headers forbid frames; this stands in where a host does not send them.
if (window.top === window) {
  loadConfig().then(
    (config) => start({ config, slots }),
    (error: unknown) => giveUp(slots, error),
  )
} else {
  slots.main.textContent = 'This page works only by itself, not inside of another.'
}
