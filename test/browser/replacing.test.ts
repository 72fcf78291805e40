import { expect, test } from 'vitest'
import { openBrowser } from './chromium.ts'
import { doStep, doStepsFrom, doStepsUntil, openWithPasskey, signIn, type Step } from './world.ts'

const browser = await openBrowser()
const steps: readonly Step[] = ['create', 'register', 'verify', 'deactivate']

test('a passkey is replaced: create, register, verify, deactivate', async () => {
  const signed = await openWithPasskey(browser)
  await doStepsFrom(signed, 'create')
  expect(await signed.tab.page.locator('#heading').textContent()).toBe('“Laptop” is replaced')
  expect(signed.world.credentials().map(({ isActive }) => isActive)).toEqual([false, true])
  await signed.tab.press('finish')
  expect(await signed.tab.notice()).toBe('Replaced')
  await signIn(signed, signed.key)
  expect(await signed.tab.page.locator('.card').count()).toBe(2)
})

test('what was replaced is activated again by undo, and the replacement can be ended later', async () => {
  const signed = await openWithPasskey(browser)
  await doStepsFrom(signed, 'create')
  await signed.tab.press('undo')
  expect(await signed.tab.notice()).toBe('“Laptop” is active again')
  expect(signed.world.credentials().map(({ isActive }) => isActive)).toEqual([true, true])
  await signed.tab.press(`resume-${signed.world.credentials()[1]?.credentialUuid}`)
  await doStepsFrom(signed, 'verify')
})

test.each(['create', 'register'] as const)(
  'a replacement that is cancelled at %s leaves nothing',
  async (step) => {
    const signed = await openWithPasskey(browser)
    const { tab, world, laptop } = signed
    await doStepsUntil(signed, step)
    await tab.press('cancel')
    expect(await tab.notice()).toBe('Cancelled')
    expect(world.credentials().map(({ isActive }) => isActive)).toEqual([true])
    await tab.reload()
    await signIn(signed, laptop)
  },
)

test.each(['verify', 'deactivate'] as const)(
  'whoever cancels at %s may deactivate the new passkey with the old one',
  async (step) => {
    const signed = await openWithPasskey(browser)
    const { tab, world, laptop } = signed
    await doStepsUntil(signed, step)
    await tab.press('cancel')
    await tab.use(laptop)
    await tab.press('deactivate-new')
    expect(world.credentials().map(({ isActive }) => isActive)).toEqual([true, false])
    await tab.reload()
    await signIn(signed, laptop)
  },
)

test.each(['verify', 'deactivate'] as const)('whoever cancels at %s may keep both', async (step) => {
  const signed = await openWithPasskey(browser)
  await doStepsUntil(signed, step)
  await signed.tab.press('cancel')
  await signed.tab.press('stay')
  await signed.tab.press('cancel')
  await signed.tab.press('keep-both')
  expect(signed.world.credentials().map(({ isActive }) => isActive)).toEqual([true, true])
})

test.each(steps)('a page that is reloaded at %s goes on from what Dfns knows', async (step) => {
  const signed = await openWithPasskey(browser)
  const { tab, world, laptop } = signed
  await doStepsUntil(signed, step)
  await tab.reload()
  await signIn(signed, laptop)
  const fresh = world.credentials()[1]
  if (fresh !== undefined) await tab.press(`resume-${fresh.credentialUuid}`)
  await doStepsFrom(signed, fresh === undefined ? 'create' : 'verify')
  expect(world.credentials().map(({ isActive }) => isActive)).toEqual([false, true])
})

test('a page that is reloaded at the end shows how it stands, and the list brings the old one back', async () => {
  const signed = await openWithPasskey(browser)
  await doStepsFrom(signed, 'create')
  await signed.tab.reload()
  await signIn(signed, signed.key)
  await signed.tab.press(`activate-${signed.first}`)
  expect(signed.world.credentials().map(({ isActive }) => isActive)).toEqual([true, true])
})

test('nothing that opens anything is kept in the browser', async () => {
  const signed = await openWithPasskey(browser)
  await doStepsUntil(signed, 'verify')
  const kept = await signed.tab.page.evaluate<unknown>(
    'indexedDB.databases().then((all) => [all.length, localStorage.length, sessionStorage.length, document.cookie])',
  )
  expect(kept).toEqual([0, 0, 0, ''])
  expect(new URL(signed.tab.page.url()).hash).toBe(`#username=${encodeURIComponent(signed.world.username)}`)
})

test.each(steps)(
  'a prompt that the person declines at %s changes nothing, and can be had again',
  async (step) => {
    const signed = await openWithPasskey(browser)
    const { tab, world, laptop, key } = signed
    await doStepsUntil(signed, step)
    const before = world.credentials()
    for (const device of [laptop, key]) await device.setWilling(false)
    await doStep(signed, step)
    expect(await tab.notice()).toBe('The passkey prompt ended')
    expect(world.credentials()).toEqual(
      before.map((it) => expect.objectContaining({ isActive: it.isActive })),
    )
    for (const device of [laptop, key]) await device.setWilling(true)
    await doStepsFrom(signed, step)
  },
)

test('the authenticator that holds the old passkey keeps it', async () => {
  const signed = await openWithPasskey(browser, { switches: { excludeCredentials: 'none' } })
  const { tab, laptop, first } = signed
  const before = await laptop.passkeys()
  await tab.press(`replace-${first}`)
  await tab.fill('label', 'Laptop again')
  await tab.use(laptop)
  await tab.press('step-create')
  expect(await tab.notice()).toBe('This authenticator already holds a passkey of yours')
  expect(await laptop.passkeys()).toEqual(before)
})

test('the wrong device at verify is named, and deactivates nothing', async () => {
  const signed = await openWithPasskey(browser)
  const { tab, laptop, world } = signed
  await doStepsUntil(signed, 'verify')
  await tab.use(laptop)
  await tab.press('step-verify')
  expect(await tab.notice()).toBe('The passkey prompt ended')
  expect(world.credentials().map(({ isActive }) => isActive)).toEqual([true, true])
})

test.each(steps)('two clicks at once at %s do the step once', async (step) => {
  const signed = await openWithPasskey(browser)
  const { tab, world, laptop, key } = signed
  await doStepsUntil(signed, step)
  if (step === 'create') await tab.fill('label', 'Blue key')
  await tab.use(step === 'register' ? laptop : key)
  const start = world.scene.wire.calls.length
  await tab.page.evaluate(`for (const _ of [1, 2, 3]) document.getElementById('step-${step}').click()`)
  await tab.page.locator('main[aria-busy="false"]').waitFor()
  await tab.check()
  const calls = world.scene.wire.calls.slice(start).map(({ request }) => request.operation)
  const once = {
    create: '/init',
    register: 'POST /auth/credentials',
    verify: '/action',
    deactivate: '/deactivate',
  }
  expect(calls.filter((operation) => operation.endsWith(once[step])).length).toBe(1)
  expect((await key.passkeys()).length).toBe(1)
})

test('an account that is deactivated is told so at every step, and nothing changes', async () => {
  const signed = await openWithPasskey(browser)
  const { tab, world } = signed
  const { dfns, person } = world.scene
  for (const step of steps) {
    if (step === 'create') await doStepsUntil(signed, step)
    dfns.setIdentityActive({ ...person, isActive: false })
    const before = world.credentials().map(({ isActive }) => isActive)
    await doStep(signed, step)
    expect(await tab.notice()).toBe('Your account has been deactivated')
    expect(world.credentials().map(({ isActive }) => isActive)).toEqual(before)
    dfns.setIdentityActive({ ...person, isActive: true })
    await tab.press('look-again')
    await doStep(signed, step)
  }
})
