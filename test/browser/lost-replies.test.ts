import { expect, test } from 'vitest'
import { openBrowser } from './chromium.ts'
import { doStep, openWithPasskey, type Signed, type Step } from './world.ts'

const browser = await openBrowser()

/** Each call of a replacement, and the step that makes it. */
const calls: readonly (readonly [operation: string, step: Step])[] = [
  ['GET /auth/credentials', 'create'],
  ['POST /auth/credentials/init', 'create'],
  ['GET /auth/credentials', 'register'],
  ['POST /auth/action/init', 'register'],
  ['POST /auth/action', 'register'],
  ['POST /auth/credentials', 'register'],
  ['POST /auth/action/init', 'verify'],
  ['POST /auth/action', 'verify'],
  ['POST /auth/action/init', 'deactivate'],
  ['POST /auth/action', 'deactivate'],
  ['PUT /auth/credentials/deactivate', 'deactivate'],
  ['GET /auth/credentials', 'deactivate'],
]

/** Does a step again for as long as the page still asks for it; returns how often that was. */
async function insist(signed: Signed, step: Step): Promise<number> {
  for (let times = 1; times <= 5; times += 1) {
    if ((await signed.tab.page.locator('#look-again').count()) > 0) await signed.tab.press('look-again')
    await doStep(signed, step)
    if ((await signed.tab.page.locator(`#step-${step}`).count()) === 0) return times
  }
  throw new Error(`the step ${step} never ended`)
}

test.each(calls)('the lost reply of %s at %s is told, and the replacement goes on', async (operation, at) => {
  const signed = await openWithPasskey(browser)
  const { world } = signed
  for (const step of ['create', 'register', 'verify', 'deactivate'] as const) {
    if (step === at) world.strikeNext(operation, 'lost-after')
    await insist(signed, step)
  }
  expect(world.scene.wire.calls.some(({ fault }) => fault === 'lost-after')).toBe(true)
  expect(world.credentials().map(({ isActive }) => isActive)).toEqual([false, true])
})

test.each(['POST /auth/login/init', 'POST /auth/login'])(
  'the lost reply of %s signs nobody in, and the next attempt does',
  async (operation) => {
    const { tab, world } = await openWithPasskey(browser)
    await tab.press('sign-out')
    world.strikeNext(operation, 'lost-after')
    await tab.press('sign-in-button')
    expect(await tab.notice()).toBe('Dfns’s answer did not arrive')
    expect(await tab.page.locator('#sign-out').count()).toBe(0)
    await tab.press('sign-in-button')
    expect(await tab.page.locator('#sign-out').count()).toBe(1)
  },
)

test('the lost reply of a sign-out leaves nobody signed in here', async () => {
  const { tab, world } = await openWithPasskey(browser)
  world.strikeNext('PUT /auth/logout', 'lost-after')
  await tab.press('sign-out')
  expect(await tab.notice()).toBe('Signed out on this device')
  expect(await tab.page.locator('#sign-out').count()).toBe(0)
})

test.each(['POST /auth/credentials', 'PUT /auth/credentials/deactivate'])(
  'a call that Chromium itself repeats, %s, is not taken for a failure',
  async (operation) => {
    const signed = await openWithPasskey(browser)
    const { world } = signed
    world.scene.browsers.keepsConnections = true
    world.strikeNext(operation, 'lost-after')
    for (const step of ['create', 'register', 'verify', 'deactivate'] as const) {
      expect(await insist(signed, step)).toBe(1)
    }
    const sent = world.scene.wire.calls.filter(({ request }) => request.operation === operation)
    expect(sent.map(({ fault }) => fault)).toEqual(['lost-after', undefined])
  },
)
