import { describe, expect, test } from 'vitest'
import { deafReaders, plainReaders, withGrace, withoutGrace } from './proof.ts'
import { signingResult } from './report.ts'
import { runConsumers, type RunOptions } from './run.ts'

// `npm run prove -- --only consumers` does the same through 500 rotations.

async function run(options: RunOptions) {
  const outcome = await runConsumers(options)
  const { line, failures } = signingResult(outcome)
  console.log(line)
  return { outcome, failures }
}

test('50 applications, with the library and with plain caching, sign through rotations of every kind and strategy, and none fails', {
  timeout: 600_000,
}, async () => {
  const { outcome, failures } = await run(withGrace({ seed: 1, rotations: 24 }))
  expect(failures).toEqual([])
  // A run in which nothing went wrong, or nobody signed meanwhile, would prove nothing.
  const { calls, rotations, retirements, stoodStill, struck } = outcome
  expect(Object.keys(rotations)).toHaveLength(6)
  expect(retirements).toBeGreaterThan(10)
  expect(calls.library).toBeGreaterThan(1_000)
  expect(calls.plain).toBeGreaterThan(1_000)
  expect(stoodStill).toBeGreaterThan(300)
  expect(Object.keys(struck).filter((name) => name.startsWith('functions')).length).toBeGreaterThan(3)
})

test('with grace PT0S and the library none fails either', { timeout: 600_000 }, async () => {
  const { outcome, failures } = await run(withoutGrace({ seed: 1, rotations: 12, applications: 24 }))
  expect(failures).toEqual([])
  expect(Object.keys(outcome.rotations)).toHaveLength(6)
})

describe('the check can fail', () => {
  const few = { seed: 1, rotations: 6, applications: 12 }

  test('with grace PT0S plain caching does: Dfns refuses what the caches still hold', async () => {
    const { outcome, failures } = await run(withoutGrace({ ...few, readers: plainReaders }))
    expect(outcome.failures.length).toBeGreaterThan(10)
    expect(failures[0]).toMatch(/seed 1, .*plain-.*: DfnsError 40[01]:/)
    // What a report shows: the rotation that did it, and the refused request.
    expect(failures[0]).toContain('UpdateSecretVersionStage')
    expect(failures[0]).toMatch(/POST \/auth\/(action|action\/init|login|login\/init) 40[01]/)
    expect(outcome.miscounted).toEqual([])
  }, 600_000)

  test('and so does the library, where a refusal does not make it read the secret anew', async () => {
    const { outcome } = await run(withoutGrace({ ...few, readers: deafReaders }))
    expect(outcome.failures.length).toBeGreaterThan(10)
  }, 600_000)
})

test('one seed is one run, to the last call', { timeout: 600_000 }, async () => {
  const hashes = []
  for (const seed of [5, 5, 6]) {
    const { hash } = await runConsumers(withoutGrace({ seed, rotations: 2, applications: 6 }))
    hashes.push(hash)
  }
  expect(hashes[0]).toBe(hashes[1])
  expect(hashes[0]).not.toBe(hashes[2])
})
