import { defineConfig } from 'vitest/config'
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
    maxWorkers: 2,
  },
})
