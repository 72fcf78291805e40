import { readFileSync } from 'node:fs'
import { describe, expect, onTestFinished, test } from 'vitest'
import {
  callsInOrder,
  type Dependencies,
  type DependencyTable,
  longestChain,
  misfits,
  needlessWaits,
} from '../scripts/bench/chain.ts'
import { measureClient } from '../scripts/bench/client.ts'
import { dependencies, graces } from '../scripts/bench/dependencies.ts'
import { derivedTable } from '../scripts/bench/limit.ts'
import { figure, isMet, lowerQuartile, median } from '../scripts/bench/figures.ts'
import { namesOf } from '../scripts/bench/names.ts'
import { openStage } from '../scripts/bench/rotations.ts'
import { stepsOf } from '../scripts/bench/walls.ts'

const table: DependencyTable = {
  a: {},
  b: {},
  c: { needs: ['a'] },
  d: { needs: ['c'], guardedBy: ['b'] },
  e: { after: ['b'] },
}
const step = (name: string, start: number, end: number) => ({ name, start, end })

describe('the longest chain', () => {
  test('is the most calls of which each depends on the one before it', () => {
    expect(longestChain(['a', 'b', 'c', 'd', 'e'], table)).toEqual(['a', 'c', 'd'])
  })

  test.each(['needs', 'guardedBy', 'after'])('counts a dependency of the kind «%s»', (kind) => {
    expect(longestChain(['a', 'b'], { a: {}, b: { [kind]: ['a'] } })).toEqual(['a', 'b'])
  })

  test('leaves out calls that were not made', () => {
    expect(longestChain(['a', 'b', 'd'], table)).toEqual(['b', 'd'])
  })

  test('of nothing is nothing', () => {
    expect(longestChain([], table)).toEqual([])
  })

  test('does not depend on the order in which the calls are told', () => {
    expect(longestChain(['e', 'd', 'c', 'b', 'a'], table)).toEqual(['a', 'c', 'd'])
  })

  test('of calls that depend on themselves is an error', () => {
    const circle = { a: { needs: ['b'] }, b: { guardedBy: ['a'] } }
    expect(() => longestChain(['a', 'b'], circle)).toThrow('a depends on itself')
  })
})

describe('a recording', () => {
  const recorded = [
    step('a', 0, 10),
    step('b', 0, 12),
    step('c', 11, 20),
    step('d', 21, 30),
    step('e', 13, 22),
  ]

  test('fits its table', () => {
    expect(misfits(recorded, table)).toEqual([])
  })

  test('does not fit a table that lacks a call, or names one that was not made', () => {
    const { e: _left, ...rest } = table
    expect(misfits(recorded, { ...rest, f: {} })).toEqual(['e is not in the table', 'f was not made'])
  })

  test('disproves a dependency on a call that was answered only after this one began', () => {
    expect(misfits(recorded, { ...table, e: { after: ['c'] } })).toEqual(['e does not wait for c'])
  })

  test('takes as many calls in order as do not overlap', () => {
    expect(callsInOrder(recorded)).toBe(3)
    expect(callsInOrder([step('a', 0, 10), step('b', 10, 20), step('c', 5, 15)])).toBe(2)
    expect(callsInOrder([])).toBe(0)
  })

  test('shows the calls that began after something they do not depend on', () => {
    const late = [
      step('a', 0, 10),
      step('b', 30, 40),
      step('c', 10, 20),
      step('d', 41, 50),
      step('e', 51, 60),
    ]
    expect(needlessWaits({ steps: late, table, start: 0, leastMs: 5 })).toEqual([
      { name: 'b', behind: 'c', ms: 30 },
      { name: 'e', behind: 'd', ms: 11 },
    ])
  })

  test('blames no call for a function that was slow', () => {
    const slow = [step('a', 50, 60), step('c', 80, 90)]
    expect(needlessWaits({ steps: slow, table, start: 0, leastMs: 5 })).toEqual([])
  })
})

test('the lower quartile is the value that a quarter do not exceed, the median that half do not', () => {
  expect([lowerQuartile([8, 1, 7, 2, 6, 3, 5, 4]), median([8, 1, 7, 2, 6, 3, 5, 4])]).toEqual([2, 4])
  expect([lowerQuartile([3]), median([9, 1, 5])]).toEqual([3, 5])
})

test.each([
  [1.15, true],
  [1.151, false],
])('of a budget of 1.15, %d is met: %s', (measured, met) => {
  expect(isMet({ measured, limit: 1.15 })).toBe(met)
})

test.each([
  [493.44, 'KiB', '493.4 KiB'],
  [1.149, '×', '1.15 ×'],
  [7.6, 'µs', '8 µs'],
  [0, 'calls', '0 calls'],
] as const)('a figure of %d %s is told as «%s»', (value, unit, told) => {
  expect(figure({ value, unit })).toBe(told)
})

test('the client library makes signed calls beside the bare SDK, and reads no secret for any', async () => {
  const { bare, client, readings } = await measureClient({ rounds: 2, calls: 5 })
  expect([bare.length, client.length, readings]).toEqual([2, 2, 0])
  expect([...bare, ...client].every((us) => us > 0)).toBe(true)
})

describe('the name of a call', () => {
  const call = ({ operation = '', body = '', reply = '', end = 0 }) => ({
    request: { service: 'dfns' as const, operation, body },
    reply: { status: 200, body: reply },
    end,
  })

  test('tells what label a version is read by', () => {
    const read = (body: object) => call({ operation: 'GetSecretValue', body: JSON.stringify(body) })
    const calls = [
      { VersionStage: 'AWSCURRENT' },
      { VersionId: 'v' },
      { VersionId: 'v', VersionStage: 'AWSPENDING' },
    ]
    expect(namesOf(calls.map(read))).toEqual([
      'GetSecretValue AWSCURRENT',
      'GetSecretValue by id',
      'GetSecretValue AWSPENDING',
    ])
  })

  test('numbers what is the same in order of the replies', () => {
    const calls = [
      call({ operation: 'a', end: 2 }),
      call({ operation: 'b' }),
      call({ operation: 'a', end: 1 }),
    ]
    expect(namesOf(calls)).toEqual(['a #2', 'b', 'a'])
  })

  test('tells what is signed, by the challenge that it answers', () => {
    const asked = (path: string, challengeIdentifier: string) =>
      call({
        operation: 'POST /auth/action/init',
        body: JSON.stringify({ userActionHttpMethod: 'PUT', userActionHttpPath: path }),
        reply: JSON.stringify({ challengeIdentifier }),
      })
    const signed = (challengeIdentifier: string) =>
      call({ operation: 'POST /auth/action', body: JSON.stringify({ challengeIdentifier }) })
    expect(namesOf([asked('/a', '1'), asked('/b', '2'), signed('2'), signed('1'), signed('3')])).toEqual([
      'POST /auth/action/init for PUT /a',
      'POST /auth/action/init for PUT /b',
      'POST /auth/action for PUT /b',
      'POST /auth/action for PUT /a',
      'POST /auth/action for an unknown challenge',
    ])
  })
})

describe.each(graces)('with grace %s', (grace) => {
  test('the calls of every phase are those of its dependency table, and wait for what it names', async () => {
    const stage = await openStage(grace)
    onTestFinished(() => stage.close())
    const { rotation, retirement } = await stage.cycle()
    // After a grace of 0 the schedule is a net: it finds nothing left to deactivate.
    const runs = grace === 'PT0S' ? rotation : [...rotation, retirement]
    const found = runs.map((run) => [run.phase, misfits(stepsOf(run), dependencies[grace][run.phase])])
    expect(found).toEqual(runs.map(({ phase }) => [phase, []]))
    // What is read off a recording errs on the side of waiting; here it says what is written by hand.
    const longest = (of: DependencyTable) => longestChain(Object.keys(of), of).length
    expect(rotation.map(({ calls }) => longest(derivedTable(calls)))).toEqual(
      rotation.map(({ phase }) => longest(dependencies[grace][phase])),
    )
  })

  test('docs/performance.md tells every dependency', () => {
    const page = readFileSync(new URL('../docs/performance.md', import.meta.url), 'utf8')
    const rows = Object.values(dependencies[grace]).flatMap((phase) => Object.entries(phase).map(rowOf))
    expect(rows.filter((row) => !page.includes(row))).toEqual([])
  })
})

function rowOf([name, { needs, guardedBy, after }]: [string, Dependencies]): string {
  const cells = [needs, guardedBy, after].map((calls) =>
    (calls ?? []).map((call) => `\`${call}\``).join(', '),
  )
  return `| \`${name}\` | ${cells.map((cell) => cell || '–').join(' | ')} |`
}
