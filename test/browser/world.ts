import type { BrowserContext, Browser, BrowserContextOptions, Page } from 'playwright-core'
import { onTestFinished } from 'vitest'
import type { Switches } from '../../sandbox/dfns/switches.ts'
import { openPasskeyScene, type PasskeyScene } from '../../sandbox/passkey-scene.ts'
import type { Fault } from '../../sandbox/wire.ts'
import { type PageServer, servePage } from '../../scripts/web/server.ts'
import { assertQuiet, assertTruth, watch } from './checks.ts'
import { type Device, withDevices } from './devices.ts'

/** The page in a tab of Chromium, with what a person does there. Every step ends with the checks. */
export interface Tab {
  readonly page: Page
  /** Adds an authenticator; the newest one answers. */
  plugIn(transport: 'internal' | 'usb'): Promise<Device>
  /** Lets this authenticator answer, and no other. */
  use(device: Device): Promise<void>
  /** Presses a button and waits until the page waits for nothing; then everything is checked. */
  press(id: string): Promise<void>
  fill(id: string, text: string): Promise<void>
  reload(): Promise<void>
  /** What the notice says first, or nothing. */
  notice(): Promise<string>
  check(): Promise<void>
}

/** Two domains with the page, the simulator, and a person who has no passkey yet. */
export async function openWorld(
  browser: Browser,
  { switches = {}, looks = {} }: { switches?: Partial<Switches>; looks?: BrowserContextOptions } = {},
) {
  const scene = await openPasskeyScene({ relyingParties: [], switches: { acceptanceLag: 0, ...switches } })
  const places = await openPlaces(scene)
  const context = await browser.newContext(looks)
  const watched = watch(context)
  const devices: Device[] = []
  onTestFinished(async () => {
    await context.close()
    await Promise.all([scene.stop(), ...places.map((place) => place.close())])
    assertQuiet(watched, [scene.url, ...places.map(({ origin }) => origin)])
  })
  const [home, away] = places
  return {
    scene,
    home,
    away,
    devices,
    username: scene.person.username,
    credentials: () => scene.dfns.credentials(scene.person),
    /** Opens the page of a place, at `#…`. */
    open: (place: PageServer, hash: string) =>
      openTab({ scene, context, devices, url: `${place.origin}/${hash}` }),
    /** Time passes, at Dfns and for every tab alike. */
    pass: async (ms: number) => {
      await scene.clock.advance(ms)
      for (const page of context.pages()) await page.clock.setFixedTime(scene.clock.now())
    },
    /** Strikes the next call of an operation. */
    strikeNext: (operation: string, fault: Fault) => {
      let isDone = false
      scene.wire.plan = (call) => {
        if (call.operation !== operation || isDone) return undefined
        isDone = true
        return fault
      }
    },
  }
}

async function openPlaces(scene: PasskeyScene): Promise<readonly [PageServer, PageServer]> {
  const origins: string[] = []
  const place = (host: string): Promise<PageServer> =>
    servePage({
      host,
      api: scene.url,
      config: () => ({
        apiUrl: scene.url,
        orgId: scene.orgId,
        relyingParty: { id: host, name: 'Example' },
        otherSites: [{ name: 'The second domain', url: `${origins[1]}/` }],
      }),
    })
  const home = await place('localhost')
  const away = await place('two.localhost')
  origins.push(home.origin, away.origin)
  scene.dfns.setRelyingParties({
    orgId: scene.orgId,
    relyingParties: [
      { id: 'localhost', origins: [home.origin] },
      { id: 'two.localhost', origins: [away.origin] },
    ],
  })
  return [home, away]
}

const idle = 'main[aria-busy="false"]'

async function openTab(given: {
  scene: PasskeyScene
  context: BrowserContext
  devices: Device[]
  url: string
}): Promise<Tab> {
  const { scene, context, devices, url } = given
  const page = await context.newPage()
  await page.clock.setFixedTime(scene.clock.now())
  const add = await withDevices(page)
  const here: Device[] = []
  const use = async (device: Device) => {
    for (const each of here) await each.setPresent(each === device)
  }
  const check = () => assertTruth({ page, scene, devices })
  await page.goto(url)
  await page.locator(idle).waitFor()
  return {
    page,
    plugIn: async (transport) => {
      const device = await add(transport)
      here.push(device)
      devices.push(device)
      await use(device)
      return device
    },
    use,
    press: async (id) => {
      await page.locator(`[id="${id}"]`).click()
      await page.locator(idle).waitFor()
      await check()
    },
    fill: (id, text) => page.locator(`[id="${id}"]`).fill(text),
    reload: async () => {
      await page.reload()
      await page.locator(idle).waitFor()
      await check()
    },
    notice: async () => (await page.locator('#notice strong').allTextContents()).join(),
    check,
  }
}

/** A person who is signed in with the passkey of a laptop, and has a security key at hand. */
export async function openWithPasskey(browser: Browser, options: Parameters<typeof openWorld>[1] = {}) {
  const world = await openWorld(browser, options)
  const { scene, username } = world
  const tab = await world.open(world.home, `#redeem&username=${encodeURIComponent(username)}`)
  const laptop = await tab.plugIn('internal')
  await tab.fill('label', 'Laptop')
  await tab.fill('code', scene.code())
  await tab.press('redeem-button')
  await tab.press('sign-in-button')
  const key = await tab.plugIn('usb')
  await tab.use(laptop)
  const first = world.credentials()[0]?.credentialUuid ?? ''
  return { world, tab, laptop, key, first }
}

export type Signed = Awaited<ReturnType<typeof openWithPasskey>>

const steps = ['create', 'register', 'verify', 'deactivate'] as const
export type Step = (typeof steps)[number]

/** Does one step of the replacement as a person would, from the list on if need be. */
export async function doStep({ tab, laptop, key, first }: Signed, step: Step): Promise<void> {
  if (step === 'create') {
    if ((await tab.page.locator('#step-create').count()) === 0) await tab.press(`replace-${first}`)
    await tab.fill('label', 'Blue key')
  }
  await tab.use(step === 'register' ? laptop : key)
  await tab.press(`step-${step}`)
}

/** Does the steps before this one. */
export async function doStepsUntil(signed: Signed, step: Step): Promise<void> {
  if (step === 'create') await signed.tab.press(`replace-${signed.first}`)
  for (const each of steps.slice(0, steps.indexOf(step))) await doStep(signed, each)
}

export async function doStepsFrom(signed: Signed, step: Step): Promise<void> {
  for (const each of steps.slice(steps.indexOf(step))) await doStep(signed, each)
}

/** Signs in again after a reload. */
export async function signIn({ tab }: Pick<Signed, 'tab'>, device: Device): Promise<void> {
  await tab.use(device)
  await tab.press('sign-in-button')
}
