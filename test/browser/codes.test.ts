import { expect, test } from 'vitest'
import { openBrowser } from './chromium.ts'
import { openWithPasskey, type Signed, signIn, type Tab } from './world.ts'

const browser = await openBrowser()

async function makeCode({ tab }: Signed): Promise<string> {
  if ((await tab.page.locator('#make-code').count()) === 0) await tab.press('add')
  await tab.press('make-code')
  return (await tab.page.locator('#code').textContent()) ?? ''
}

/** The page of the second domain, on a phone, as the first one's link opens it. */
async function openSecond(signed: Signed): Promise<Tab> {
  const { world, tab } = signed
  const link = await tab.page.getByRole('link', { name: 'The second domain' }).getAttribute('href')
  const second = await world.open(world.away, new URL(link ?? '').hash)
  await second.plugIn('internal')
  return second
}

async function redeem(second: Tab, code: string): Promise<void> {
  await second.fill('label', 'Phone')
  await second.fill('code', code)
  await second.press('redeem-button')
}

test('a one-time code carries a passkey to another domain, where it signs in; then the first one goes', async () => {
  const signed = await openWithPasskey(browser)
  const { world, tab, first } = signed
  const code = await makeCode(signed)
  const second = await openSecond(signed)
  await redeem(second, code)
  expect(await second.notice()).toBe('Registered')
  await second.press('sign-in-button')
  expect(await second.notice()).toBe('The new passkey works')
  expect(world.credentials().map(({ passkey }) => passkey?.relyingPartyId)).toEqual([
    'localhost',
    'two.localhost',
  ])
  await world.pass(5_000)
  await tab.page.getByRole('heading', { name: 'A passkey was added' }).waitFor()
  await tab.check()
  await second.press(`deactivate-${first}`)
  await second.press('deactivate-now')
  expect(world.credentials().map(({ isActive }) => isActive)).toEqual([false, true])
})

test('the countdown tells the end of a code, and a new one is made by one press', async () => {
  const signed = await openWithPasskey(browser)
  const { world, tab } = signed
  const code = await makeCode(signed)
  const second = await openSecond(signed)
  await world.pass(51_000)
  await tab.page.getByText('Good for 9 seconds.').waitFor()
  await world.pass(10_000)
  await tab.page.getByText('This code is over.').waitFor()
  await tab.check()
  await redeem(second, code)
  expect(await second.notice()).toBe('This code does not work')
  const renewed = await makeCode(signed)
  expect(renewed).not.toBe(code)
  await redeem(second, renewed)
  expect(await second.notice()).toBe('Registered')
})

test('a reload forgets the code, and says nothing of it', async () => {
  const signed = await openWithPasskey(browser)
  const code = await makeCode(signed)
  await signed.tab.reload()
  await signIn(signed, signed.laptop)
  expect(await signed.tab.page.content()).not.toContain(code)
  expect(await makeCode(signed)).not.toBe(code)
})

test('a code cannot put a second passkey on a device that has one for this domain', async () => {
  const signed = await openWithPasskey(browser)
  const { tab, laptop } = signed
  const code = await makeCode(signed)
  const before = await laptop.passkeys()
  await tab.press('sign-out')
  await tab.press('to-redeem')
  await redeem(tab, code)
  expect(await tab.notice()).toBe('This authenticator already holds a passkey of yours')
  expect(await laptop.passkeys()).toEqual(before)
})

test('a registration by code whose reply was lost is called unclear, and signing in tells', async () => {
  const signed = await openWithPasskey(browser)
  const { world } = signed
  const code = await makeCode(signed)
  const second = await openSecond(signed)
  world.strikeNext('POST /auth/credentials/code/verify', 'lost-after')
  await redeem(second, code)
  expect(await second.page.locator('#heading').textContent()).toBe('Is it registered?')
  await second.press('sign-in-button')
  expect(await second.notice()).toBe('The new passkey works')
})
