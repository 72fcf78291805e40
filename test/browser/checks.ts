import { source as axe } from 'axe-core'
import type { BrowserContext, Page } from 'playwright-core'
import { expect } from 'vitest'
import type { PasskeyScene } from '../../sandbox/passkey-scene.ts'
import type { Device } from './devices.ts'

/** What a browser did and said. */
export interface Watched {
  readonly requests: string[]
  /** Errors of the page, and breaches of its Content-Security-Policy. */
  readonly errors: string[]
}

export function watch(context: BrowserContext): Watched {
  const watched: Watched = { requests: [], errors: [] }
  context.on('request', (request) => watched.requests.push(request.url()))
  context.on('weberror', (error) => watched.errors.push(String(error.error())))
  context.on('console', (message) => {
    // A refused or broken request is logged by the browser itself, whatever the page makes of it.
    const isOfNetwork = /^Failed to load resource|^Access to fetch/.test(message.text())
    if (message.type() === 'error' && !isOfNetwork) watched.errors.push(message.text())
  })
  return watched
}

/** No request to anybody but the page's own places and the API, and no error of the page. */
export function assertQuiet({ requests, errors }: Watched, origins: readonly string[]): void {
  expect(requests.filter((url) => !origins.includes(new URL(url).origin))).toEqual([])
  expect(errors).toEqual([])
}

interface Place {
  readonly page: Page
  readonly scene: PasskeyScene
  readonly devices: readonly Device[]
}

/**
 * What the page may never break, to be asked while it waits for nothing: the person keeps a passkey that is
 * active at Dfns and in an authenticator; what the page shows is so at Dfns; axe finds nothing serious in a
 * state that it has not seen.
 */
export async function assertTruth(place: Place): Promise<void> {
  const { scene, devices } = place
  const credentials = scene.dfns.credentials(scene.person)
  const held = (await Promise.all(devices.map((device) => device.passkeys()))).flat()
  const isHeld = ({ credentialId }: { credentialId: string }) =>
    held.some(({ credId }) => credId === credentialId)
  if (credentials.length > 0) expect(credentials.filter((it) => it.isActive && isHeld(it))).not.toEqual([])
  const shown = await readPage(place.page)
  assertList({ shown, credentials })
  assertStep({ shown, credentials, held: held.map(({ credId }) => credId) })
  await assertAccessible(place.page, shown)
}

interface Shown {
  readonly heading: string
  readonly step: string
  readonly isStale: boolean
  readonly isOver: boolean
  readonly isUnclear: boolean
  readonly notice: string
  /** `uuid active` of each card. */
  readonly cards: readonly string[]
}

async function readPage(page: Page): Promise<Shown> {
  return page.evaluate<Shown>(`(() => {
    const texts = (selector) => [...document.querySelectorAll(selector)].map((it) => it.textContent).join()
    const has = (selector) => document.querySelector(selector) !== null
    return {
      heading: texts('#heading'),
      step: texts('[aria-current="step"] h2'),
      isStale: has('#stale'),
      isOver: has('#undo'),
      isUnclear: texts('[aria-current="step"]').includes('not known whether'),
      notice: texts('#notice strong'),
      cards: [...document.querySelectorAll('.card')].map((card) =>
        card.dataset.uuid + ' ' + (card.querySelector('.badge').textContent === 'active')),
    }
  })()`)
}

type Credentials = ReturnType<PasskeyScene['dfns']['credentials']>

function assertList({ shown, credentials }: { shown: Shown; credentials: Credentials }): void {
  if (shown.cards.length === 0 || shown.isStale) return
  const there = credentials.map(({ credentialUuid, isActive }) => `${credentialUuid} ${isActive}`)
  expect(there).toEqual(expect.arrayContaining([...shown.cards]))
  const listed = there.filter((_line, index) => credentials[index]?.unlisted === 0)
  expect(shown.cards).toEqual(expect.arrayContaining(listed))
}

/** In a replacement: the first credential is the old one, the last one the new one. */
function assertStep({
  shown,
  credentials,
  held,
}: {
  shown: Shown
  credentials: Credentials
  held: readonly string[]
}): void {
  if (shown.isStale) return
  const active = credentials.map(({ isActive }) => isActive)
  if (shown.isOver) {
    expect(active[0]).toBe(false)
    expect(active.at(-1)).toBe(true)
    expect(held).toContain(credentials.at(-1)?.credentialId)
  }
  if (/^Verify|^Deactivate the old/.test(shown.step)) {
    expect(active[0]).toBe(true)
    expect(active.at(-1)).toBe(true)
    expect(credentials.length).toBeGreaterThan(1)
  }
  if (shown.step === 'Register it' && !shown.isUnclear) {
    expect(credentials.every(({ name }) => !name.startsWith('Blue key') || false)).toBe(true)
  }
}

interface Finding {
  readonly impact: string
  readonly id: string
  readonly targets: string
}

/** The states that axe has looked at; a test file has a browser of its own. */
const looked = new Set<string>()

async function assertAccessible(page: Page, shown: Shown): Promise<void> {
  const state = [shown.heading.replace(/“.*”/, '…'), shown.step, shown.notice, shown.cards.length].join(' | ')
  if (looked.has(state)) return
  looked.add(state)
  await page.evaluate(axe)
  const found = await page.evaluate<Finding[]>(
    `axe.run({ resultTypes: ['violations'] }).then(({ violations }) => violations.map(
      ({ impact, id, nodes }) => ({ impact, id, targets: nodes.map(({ target }) => target.join(' ')).join(', ') })))`,
  )
  const grave = found.filter(({ impact }) => impact === 'serious' || impact === 'critical')
  expect({ state, grave }).toEqual({ state, grave: [] })
}
