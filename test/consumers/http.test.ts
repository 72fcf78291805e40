import { expect, test } from 'vitest'
import { runOverHttp, type WireOptions, type WireOutcome } from './wire.ts'

const minuteMs = 60_000
const hourMs = 60 * minuteMs

const everyKind: WireOptions['kinds'] = [
  'account',
  'replaced account',
  'token',
  'signed token',
  'replaced token',
  'user',
]

async function run(name: string, options: WireOptions): Promise<WireOutcome> {
  const outcome = await runOverHttp(options)
  const { rotations, calls, repeated, faults, failures, miscounted } = outcome
  const counted = `${rotations} rotations, ${calls} signed calls, ${faults} faults, ${repeated} attempts spoiled`
  console.log(`${name}: ${counted}; ${failures.length} failed, ${miscounted.length} miscounted`)
  return outcome
}

test('through 20 rotations by the built bundles over HTTP no application fails', {
  timeout: 600_000,
}, async () => {
  // 14 with a grace, for applications with and without the library; 6 without, for those with it.
  const graces = await run('over HTTP, grace PT2H', {
    seed: 1,
    kinds: [...everyKind, 'account'],
    rotationsEach: 2,
    grace: 'PT2H',
    afterwardsMs: 2.5 * hourMs,
    readers: ['plain', 'library'],
  })
  const none = await run('over HTTP, grace PT0S', {
    seed: 2,
    kinds: everyKind,
    rotationsEach: 1,
    grace: 'PT0S',
    afterwardsMs: 30 * minuteMs,
    readers: ['library', 'library'],
  })
  for (const { failures, miscounted, faults } of [graces, none]) {
    expect(failures).toEqual([])
    expect(miscounted).toEqual([])
    expect(faults).toBeGreaterThan(5)
  }
  expect(graces.rotations + none.rotations).toBeGreaterThanOrEqual(20)
})

test('over HTTP with grace PT0S plain caching fails: the check can', { timeout: 600_000 }, async () => {
  const { failures, miscounted } = await run('over HTTP, grace PT0S, plain caching', {
    seed: 3,
    kinds: ['account'],
    rotationsEach: 1,
    grace: 'PT0S',
    afterwardsMs: 30 * minuteMs,
    readers: ['plain', 'plain'],
  })
  expect(failures.length).toBeGreaterThan(0)
  expect(miscounted).toEqual([])
})
