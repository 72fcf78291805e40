import { type Browser, chromium } from 'playwright-core'
import { afterAll } from 'vitest'
import { findChromium } from '../../scripts/web/chromium.ts'

// No sandbox of its own, since CI runs as root; and nothing that calls home.
const args = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

/** Starts Chromium, once for a test file. */
export async function openBrowser(): Promise<Browser> {
  const executablePath = findChromium()
  if (executablePath === undefined)
    throw new Error('there is no Chromium: npm run browser says how to get one')
  const browser = await chromium.launch({ executablePath, args })
  afterAll(() => browser.close())
  return browser
}
