import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { findChromium } from './web/chromium.ts'

// The tests of the passkey page in a real Chromium; `--update` also draws the screenshots of the docs anew.

const root = join(import.meta.dirname, '..')
const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs')

if (findChromium() === undefined) {
  console.log(
    'skipped: the passkey page in Chromium, because none was found; CHROMIUM names one, or install it ' +
      '(on Debian: apt-get install chromium)',
  )
} else {
  const update = process.argv.includes('--update')
  const rest = process.argv.slice(2).filter((argument) => argument !== '--update')
  const { status } = spawnSync(
    process.execPath,
    [vitest, 'run', '--config', 'vitest.browser.config.ts', ...rest],
    {
      cwd: root,
      stdio: 'inherit',
      env: { ...process.env, ...(update && { UPDATE_SCREENSHOTS: '1' }) },
    },
  )
  process.exitCode = status ?? 1
}
