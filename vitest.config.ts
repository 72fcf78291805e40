import { join } from 'node:path'
import { defineConfig } from 'vitest/config'
import { LongestFirst } from './test/order.ts'
import { tally } from './test/tally.ts'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // These need a Chromium: `npm run browser`.
    exclude: ['test/browser/**'],
    reporters: ['default', tally],
    // Generous, because a busy machine is no defect: nothing here waits on a clock.
    testTimeout: 20_000,
    hookTimeout: 20_000,
    // Left to Node, as in the bundle: @dfns/sdk and the port must share one instance of the transport.
    server: { deps: { external: [/lambdas\/vendor\//] } },
    pool: 'forks',
    // Hardly anything outlives its schedule: with room for the young, little is copied about.
    execArgv: ['--max-semi-space-size=64'],
    maxWorkers: 2,
    // For the processes of the bundles, each of which would compile the same again.
    env: { NODE_COMPILE_CACHE: join(import.meta.dirname, 'node_modules', '.cache', 'compiled') },
    sequence: { sequencer: LongestFirst },
  },
})
