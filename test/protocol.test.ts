import { readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { afterAll, describe, expect, test } from 'vitest'
import { createHost } from '../sandbox/host.ts'
import { phases } from '../scripts/bench/meter.ts'
import { countingGate, openGate } from '../scripts/protocol/gate.ts'
import { leastOf, notMade } from '../scripts/protocol/least.ts'
import { blockIn, blocksOf, diagramOf, recordedIn, roundsIn, withBlocks } from '../scripts/protocol/page.ts'
import { reasons } from '../scripts/protocol/reasons.ts'
import { record, type Recorded, recordings } from '../scripts/protocol/record.ts'

const path = new URL('../docs/protocol.md', import.meta.url)
const page = readFileSync(path, 'utf8')
const host = createHost()
const told = new Map(recordings.map(({ name }) => [name, recordedIn(page, name)]))

/** What was called, phase by phase, whatever waited for what. */
const callsOf = (recorded: readonly Recorded[]) =>
  recorded.map(({ phase, rounds }) => ({
    phase,
    calls: rounds
      .flat()
      .map(({ to, name, notes }) => [to, name, ...notes].join(' '))
      .toSorted(),
  }))

/**
 * Work in place of a pause, in which a call comes that waits for none of the replies held back. Where the page
 * is right nothing comes, however long it takes.
 */
async function settle(): Promise<void> {
  for (let times = 0; times < 50; times++) await readFile(path)
}

afterAll(() => host.close())

describe.each(recordings)('docs/protocol.md tells of $name', (recording) => {
  const { name } = recording
  const expected = told.get(name) ?? []

  test('every phase once', () => {
    expect(expected.map(({ phase }) => phase)).toEqual(phases)
  })

  // The second recording would wait for a call that the page tells and nobody makes: so the calls come first.
  test('the calls that are made, and what waits for what', { timeout: 60_000 }, async () => {
    expect(callsOf(await record({ recording, gate: openGate, host }))).toEqual(callsOf(expected))
    const sizes = expected.map(({ rounds }) => rounds.map((round) => round.length))
    expect(await record({ recording, gate: countingGate({ sizes, settle }), host })).toEqual(expected)
  })

  test('no least that is more than what is made', () => {
    expect(expected.flatMap((recorded) => notMade({ way: name, recorded }))).toEqual([])
  })
})

test('the tables and diagrams of docs/protocol.md are those of what it tells', () => {
  const blocks = [...blocksOf(told)]
  expect(blocks.map(([name]) => [name, blockIn(page, name)])).toEqual(blocks)
  expect(withBlocks(page, new Map(blocks))).toBe(page)
})

test('docs/protocol.md gives no reason for what is not made', () => {
  const given = blockIn(page, 'beyond the least')
  const all = Object.values(reasons).flatMap((whys) => Object.values(whys))
  expect(all.filter((why) => !given.includes(`| ${why} |`))).toEqual([])
})

describe('a diagram', () => {
  const call = (name: string, ...notes: string[]) => ({ to: 'Dfns', name, notes })
  const rounds = [[call('GET /a')], [call('GET /b', 'a session', '403'), call('GET /c')], [call('GET /d')]]

  test('read back is what was drawn', () => {
    expect(roundsIn(diagramOf({ rounds }))).toEqual(rounds)
  })

  test('tells what is sent together from what waits', () => {
    const inOrder = rounds.flat().map((one) => [one])
    expect(diagramOf({ rounds: inOrder })).not.toBe(diagramOf({ rounds }))
  })
})

describe('the least number of calls', () => {
  const setSecret = (...names: string[]): Recorded => ({
    phase: 'setSecret',
    rounds: [names.map((name) => ({ to: 'Dfns', name, notes: [] }))],
  })
  const way = 'ServiceAccountKey, self'
  const create = 'POST /auth/credentials'

  test('counts a needed call as often as it is needed', () => {
    const recorded = setSecret(create, create, 'GET /auth/credentials')
    expect(leastOf({ way, recorded, service: 'Dfns' })).toEqual({ made: 3, least: 1 })
  })

  test('counts none that was refused', () => {
    const recorded = { ...setSecret(), rounds: [[{ to: 'Dfns', name: create, notes: ['403'] }]] }
    expect(leastOf({ way, recorded, service: 'Dfns' })).toEqual({ made: 1, least: 0 })
  })

  test('cannot do without what was not made', () => {
    expect(notMade({ way, recorded: setSecret() })).toContain(create)
  })

  test('leaves no call without a reason', () => {
    const recordings = new Map([[way, [setSecret('GET /auth/whoami')]]])
    expect(() => blocksOf(recordings)).toThrow('nobody says why GET /auth/whoami is made')
  })
})
