import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { expect, onTestFinished, test } from 'vitest'
import { openBrowser } from './chromium.ts'
import { withDevices } from './devices.ts'

const browser = await openBrowser()
const script = join(import.meta.dirname, '..', '..', 'scripts', 'web.ts')

/** What `npm run web` prints until it has offered a code. */
async function startCommand(): Promise<string> {
  const child = spawn(process.execPath, [script, '--port', '0'], { stdio: ['pipe', 'pipe', 'inherit'] })
  onTestFinished(() => void child.kill())
  let printed = ''
  for await (const line of createInterface({ input: child.stdout })) {
    printed += `${line}\n`
    if (line.startsWith('A code')) return printed
  }
  throw new Error(`it ended: ${printed}`)
}

test('npm run web prints what a newcomer needs for a first passkey', async () => {
  const printed = await startCommand()
  const [, address = ''] = /^The passkey page: +(\S+)$/m.exec(printed) ?? []
  const [, code = ''] = /good for a minute: (\S+)/.exec(printed) ?? []
  const context = await browser.newContext()
  onTestFinished(() => context.close())
  const page = await context.newPage()
  const plugIn = await withDevices(page)
  await plugIn('internal')
  await page.goto(address)
  await page.fill('#label', 'My laptop')
  await page.fill('#code', code)
  await page.click('#redeem-button')
  await page.click('#sign-in-button')
  await page.getByRole('heading', { name: 'My laptop' }).waitFor()
  expect(await page.locator('.badge').allTextContents()).toEqual(['active'])
  await page.getByRole('button', { name: 'Add a passkey' }).click()
  const second = await page.getByRole('link', { name: 'The second domain' }).getAttribute('href')
  expect(printed).toContain(new URL(second ?? '').origin)
})
