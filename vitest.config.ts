import { defineConfig } from 'vitest/config'
import { tally } from './test/tally.ts'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    reporters: ['default', tally],
    // Generous, because a busy machine is no defect: nothing here waits on a clock.
    testTimeout: 20_000,
    hookTimeout: 20_000,
    pool: 'forks',
    maxWorkers: 2,
  },
})
