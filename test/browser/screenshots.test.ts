import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openBrowser } from './chromium.ts'
import { doStep, openWithPasskey, type Tab } from './world.ts'

const browser = await openBrowser()
const folder = join(import.meta.dirname, '..', '..', 'docs', 'screenshots')
const isUpdate = process.env['UPDATE_SCREENSHOTS'] === '1'

const looks = {
  desktop: { viewport: { width: 860, height: 620 }, colorScheme: 'light' },
  phone: { viewport: { width: 390, height: 720 }, colorScheme: 'dark', isMobile: true, hasTouch: true },
} as const

/** Draws a state, or sees that it was drawn: pixels differ from machine to machine. */
async function expectDrawn(tab: Tab, name: string): Promise<void> {
  const path = join(folder, `${name}.png`)
  // Without a frame around what happens to have the focus, and without the pointer's colour.
  await tab.page.evaluate('document.activeElement.blur()')
  await tab.page.mouse.move(0, 0)
  if (isUpdate) await tab.page.screenshot({ path, fullPage: true, animations: 'disabled' })
  expect(existsSync(path), `${name}.png is drawn by npm run browser -- --update`).toBe(true)
}

/** Of a wide page only what looks another way there. */
const wide = [
  'list',
  '1-create',
  '2-register',
  '3-verify',
  '4-deactivate',
  '5-replaced',
  'code',
  'other-domain',
]

test.each(['desktop', 'phone'] as const)('every state is drawn for the docs: %s', async (look) => {
  const signed = await openWithPasskey(browser, { looks: looks[look] })
  const { world, tab, laptop, key, first } = signed
  const expectShot = async (name: string, of: Tab = tab) => {
    if (look === 'phone' || wide.includes(name)) await expectDrawn(of, `${name}-${look}`)
  }
  await expectShot('list')
  await tab.press(`replace-${first}`)
  await expectShot('1-create')
  await tab.fill('label', 'Blue security key')
  await tab.use(laptop)
  await tab.press('step-create')
  await expectShot('already-here')
  await tab.use(key)
  await tab.press('step-create')
  await expectShot('2-register')
  await doStep(signed, 'register')
  await expectShot('3-verify')
  await doStep(signed, 'verify')
  await expectShot('4-deactivate')
  await tab.press('cancel')
  await expectShot('cancel')
  await tab.press('keep-both')
  await expectShot('unfinished')
  await tab.press(`resume-${world.credentials()[1]?.credentialUuid}`)
  await doStep(signed, 'verify')
  await doStep(signed, 'deactivate')
  await expectShot('5-replaced')
  await tab.press('undo')
  await expectShot('undone')
  await tab.press(`deactivate-${world.credentials()[1]?.credentialUuid}`)
  await tab.use(laptop)
  await expectShot('deactivate')
  await tab.press('deactivate-now')
  await expectShot('deactivated')
  await tab.press('add')
  await expectShot('add')
  await tab.press('make-code')
  await world.pass(17_000)
  await tab.page.getByText('Good for 43 seconds.').waitFor()
  await expectShot('code')
  const code = (await tab.page.locator('#code').textContent()) ?? ''
  const second = await world.open(world.away, `#redeem&username=${encodeURIComponent(world.username)}`)
  await second.plugIn('internal')
  await second.fill('label', 'Phone')
  await second.fill('code', code)
  await expectShot('redeem', second)
  await second.press('redeem-button')
  await expectShot('redeemed', second)
  await second.press('sign-in-button')
  await expectShot('other-domain', second)
  await second.press('sign-out')
  await expectShot('sign-in', second)
})

test('the end of a code is drawn, and a deactivated account', async () => {
  const { tab, world, key } = await openWithPasskey(browser, { looks: looks.phone })
  await tab.press('add')
  await tab.press('make-code')
  await world.pass(61_000)
  await tab.page.getByText('This code is over.').waitFor()
  await expectDrawn(tab, 'code-over-phone')
  await tab.press('back')
  await tab.use(key)
  await tab.press('add')
  world.scene.dfns.setIdentityActive({ ...world.scene.person, isActive: false })
  await tab.press('make-code')
  await expectDrawn(tab, 'account-deactivated-phone')
  world.scene.dfns.setIdentityActive({ ...world.scene.person, isActive: true })
})
