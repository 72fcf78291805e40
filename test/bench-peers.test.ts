import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { template, templateTables } from '../scripts/bench/aws-template.ts'
import { derivedTable } from '../scripts/bench/limit.ts'
import { phases, type TimedCall } from '../scripts/bench/meter.ts'
import { pagesNow, pagesOf } from '../scripts/bench/pages.ts'
import { compare, guidedWays } from '../scripts/bench/side-by-side.ts'
import { limitTrack, rotationTrack, scriptTrack, timelineSvg } from '../scripts/bench/timeline.ts'

const [account, , webhook] = guidedWays

describe('the script that follows the guide', () => {
  test.each([
    [account, { aws: 3, dfns: 11 }],
    [webhook, { aws: 4, dfns: 10 }],
  ])(
    'replaces what it is given, in as many calls, beside dfns-rotator',
    { timeout: 60_000 },
    async (way, calls) => {
      const [compared] = await compare({ delayMs: 0, runs: 1, ways: way ? [way] : [] })
      expect(compared?.script).toMatchObject({ calls, inOrder: 14 })
      for (const one of [compared?.script, compared?.afterGrace]) {
        expect(Object.values({ ...one, calls: 1 }).every((value) => value > 0)).toBe(true)
      }
    },
  )
})

test('docs/ holds the timeline and the table of calls as they are today, byte for byte', {
  timeout: 60_000,
}, async () => {
  expect(await pagesOf()).toEqual(await pagesNow())
})

test('docs/performance.md shows the timeline', () => {
  const page = readFileSync(new URL('../docs/performance.md', import.meta.url), 'utf8')
  expect(page.includes('](timeline.svg)')).toBe(true)
})

describe('the table against the template of AWS', () => {
  /** What the template itself would make, but for setSecret. */
  const asked = (...setSecret: string[]) =>
    phases.map((phase) => {
      const names = phase === 'setSecret' ? setSecret : template[phase]
      return { phase, rounds: [names.map((name) => ({ to: 'Secrets Manager', name, notes: [] }))] }
    })
  const same = ['DescribeSecret', 'GetSecretValue AWSCURRENT', 'GetSecretValue AWSPENDING']

  test('counts what is made by either', () => {
    const [, , , setSecret] = templateTables(asked(...same, 'GetParameter')).split('\n')
    expect(setSecret).toBe('| setSecret | 4 | 4 | 0 | 1 |')
  })

  test('has no call of which nobody says what it buys', () => {
    expect(() => templateTables(asked(...same, 'ListSecrets'))).toThrow('nobody says what ListSecrets buys')
  })

  test('has none of the template that is left out without a reason', () => {
    expect(() => templateTables(asked('DescribeSecret', 'GetParameter'))).toThrow(
      'nobody says why GetSecretValue AWSCURRENT is spared',
    )
  })
})

describe('what has to wait, read off a recording:', () => {
  const token = 't'.repeat(20)
  interface Told {
    readonly at: readonly [number, number]
    readonly service?: 'dfns' | 'ssm' | 'secretsmanager'
    readonly body?: object
    readonly reply?: object
  }
  const call = (
    operation: string,
    { at: [start, end], service = 'dfns', body, reply = {} }: Told,
  ): TimedCall => ({
    request: { service, operation, body: body === undefined ? '' : JSON.stringify(body) },
    reply: { status: 200, body: JSON.stringify(reply) },
    start,
    end,
  })
  const aws = { service: 'secretsmanager' } as const

  test('a call waits for the first reply that brought what it sends', () => {
    const calls = [
      call('GET /a', { at: [0, 1], reply: { token } }),
      call('GET /b', { at: [1, 2], reply: { token } }),
      call('GET /c', { at: [2, 3], body: { token } }),
    ]
    expect(derivedTable(calls)['GET /c']).toEqual({ needs: ['GET /a'], guardedBy: [], after: [] })
  })

  test('what stands in a text that is to be signed counts', () => {
    const calls = [
      call('GET /a', { at: [0, 1], reply: { token } }),
      call('GET /b', { at: [1, 2], body: { payload: JSON.stringify({ of: token }) } }),
    ]
    expect(derivedTable(calls)['GET /b']?.needs).toEqual(['GET /a'])
  })

  test('what is sent before there is any reply was known', () => {
    const calls = [
      call('GET /a', { at: [0, 1], body: { token }, reply: { token } }),
      call('GET /b', { at: [1, 2], body: { token } }),
    ]
    expect(derivedTable(calls)['GET /b']?.needs).toEqual([])
  })

  test('Dfns is asked nothing before the policy is known', () => {
    const calls = [
      call('GetParameter', { at: [0, 1], service: 'ssm' }),
      call('GET /a', { at: [1, 2] }),
      call('GetSecretValue', { at: [1, 2], ...aws }),
    ]
    expect(derivedTable(calls)['GET /a']?.guardedBy).toEqual(['GetParameter'])
    expect(derivedTable(calls)['GetSecretValue by id']?.guardedBy).toEqual([])
  })

  test.each(['PUT /a', 'DELETE /a', 'POST /auth/action'])(
    '%s, an effect, waits for every answer',
    (effect) => {
      const calls = [
        call('GET /b', { at: [0, 1] }),
        call(effect, { at: [1, 2] }),
        call('GET /c', { at: [2, 3] }),
      ]
      const table = derivedTable(calls)
      const [, name = '', after] = Object.keys(table)
      expect(table[name]?.guardedBy).toEqual(['GET /b'])
      expect(table[after ?? '']?.after).toEqual([name])
    },
  )

  test('asking for a challenge is no effect', () => {
    const calls = [call('GET /b', { at: [0, 1] }), call('POST /auth/credentials/init', { at: [1, 2] })]
    expect(derivedTable(calls)['POST /auth/credentials/init']?.guardedBy).toEqual([])
  })
})

describe('the timeline', () => {
  const call = (name: string) => ({ to: 'Dfns', name, notes: [] })

  test('has a call of the script after the other, and marks where a crash costs the key', () => {
    const track = scriptTrack(['GetSecretValue', 'POST /auth/credentials', 'PutSecretValue'])
    expect(track.bars.map(({ at }) => at)).toEqual([0, 1, 2])
    expect(track.danger).toMatchObject({ from: 2, until: 3 })
  })

  test('has what is sent together at the same place, and each step after the one before', () => {
    const { bars, bands } = rotationTrack([
      { phase: 'createSecret', rounds: [[call('a'), call('b')], [call('c')]] },
      { phase: 'setSecret', rounds: [[call('d')]] },
      { phase: 'retire', rounds: [[call('e')]] },
    ])
    expect(bars.map(({ name, at }) => `${name} ${at}`)).toEqual(['a 0', 'b 0', 'c 1', 'd 2'])
    expect(bands).toEqual([
      { name: 'createSecret', from: 0, until: 2 },
      { name: 'setSecret', from: 2, until: 3 },
    ])
  })

  test('ends, at the limit, with the longest chain', () => {
    const { bars, bands } = limitTrack()
    expect(Math.max(...bars.map(({ at }) => at)) + 1).toBe(bands.at(-1)?.until)
  })

  test('has colours of its own in the dark, and nothing from elsewhere', () => {
    const svg = timelineSvg([limitTrack()])
    expect(svg).toContain('@media (prefers-color-scheme: dark)')
    expect(svg.replace('http://www.w3.org/2000/svg', '')).not.toMatch(/https?:|<script|@import|url\(/)
  })
})
