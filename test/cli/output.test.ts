import { PassThrough } from 'node:stream'
import { describe, expect, test } from 'vitest'
import { confirmOf } from '../../cli/confirm.ts'
import { CliFailure, told } from '../../cli/failure.ts'
import { collecting } from '../../cli/findings.ts'
import { lookOf, table, wrap } from '../../cli/output.ts'
import { span } from '../../cli/spans.ts'
import { RotationError } from '../../lambdas/errors.ts'

const plain = lookOf({ stream: {}, env: {} })

describe('colours', () => {
  const painted = (stream: { isTTY?: boolean }, env: Record<string, string>) =>
    lookOf({ stream, env }).paint('red', 'x')

  test('are for a terminal alone', () => {
    expect(painted({ isTTY: true }, {})).toBe('\u001b[31mx\u001b[39m')
    expect(painted({}, { FORCE_COLOR: '1' })).toBe('x')
  })

  test.each([{ NO_COLOR: '1' }, { TERM: 'dumb' }])('and not under %o', (env) => {
    expect(painted({ isTTY: true }, env)).toBe('x')
  })

  test('an empty NO_COLOR is none', () => {
    expect(painted({ isTTY: true }, { NO_COLOR: '' })).not.toBe('x')
  })
})

describe('a table', () => {
  const rows = [
    ['one', '1'],
    ['seven', '22'],
  ]

  test('has columns as wide as their widest cell, and nothing at the end of a line', () => {
    expect(table({ head: ['name', 'n'], rows }, plain)).toBe('name   n\none    1\nseven  22')
  })

  test('that is wider than the terminal is a block for each row', () => {
    const narrow = { ...plain, width: 8 }
    expect(table({ head: ['name', 'n'], rows }, narrow)).toBe('one\n  n     1\n\nseven\n  n     22')
  })

  test('that just fits is a table', () => {
    expect(table({ head: ['name', 'n'], rows }, { ...plain, width: 9 })).toContain('name   n')
  })
})

test('text is broken between words, and a word that is longer stays whole', () => {
  expect(wrap({ text: 'a bb ccc dddddddd e', width: 5, indent: ' ' })).toBe('a bb\n ccc\n dddddddd\n e')
})

test.each([
  [0, '0 s'],
  [2_999, '2 s'],
  [179_000, '179 s'],
  [180_000, '3 min'],
  [26 * 3_600_000, '26 h'],
  [72 * 3_600_000, '3 d'],
  [-5, '0 s'],
])('%i ms are %s', (ms, text) => {
  expect(span(ms)).toBe(text)
})

describe('a question', () => {
  function asking(answer: string, { isTTY = true, isSure = false } = {}) {
    const input = Object.assign(new PassThrough(), { isTTY })
    const output = new PassThrough()
    input.end(answer)
    return { confirm: confirmOf({ input, output, isSure }), said: () => String(output.read() ?? '') }
  }

  test.each(['y\n', 'yes\n', ' Y \n'])('is answered with yes by %j', async (answer) => {
    const { confirm, said } = asking(answer)
    await confirm('Go on?')
    expect(said()).toBe('Go on? [y/N] ')
  })

  test.each(['n\n', '\n', 'yesterday\n'])('and with no by %j', async (answer) => {
    await expect(asking(answer).confirm('Go on?')).rejects.toMatchObject({
      code: 'NOT_CONFIRMED',
      exitCode: 3,
    })
  })

  test('an input that ends is no yes', async () => {
    await expect(asking('').confirm('Go on?')).rejects.toMatchObject({ code: 'NOT_CONFIRMED' })
  })

  test('is not asked where there is no terminal, and what the pipe says is no answer', async () => {
    const { confirm, said } = asking('y\n', { isTTY: false })
    await expect(confirm('Go on?')).rejects.toMatchObject({ code: 'NOT_CONFIRMED', exitCode: 3 })
    expect(said()).toBe('')
  })

  test('is not asked of whoever is sure', async () => {
    const { confirm, said } = asking('', { isTTY: false, isSure: true })
    await confirm('Go on?')
    expect(said()).toBe('')
  })
})

describe("a finding of audit's", () => {
  const silent = { info: () => {}, warn: () => {}, error: () => {} }

  test.each([
    [{}, 'it could not be looked at'],
    [{ reason: 'AWSCURRENT moved' }, 'it could not be looked at: AWSCURRENT moved'],
    [{ code: 'ERR_STORE', reason: 'no reply' }, 'it could not be looked at: ERR_STORE no reply'],
  ])('with %j says why, as far as it is known', (why, problem) => {
    const { log, findings } = collecting(silent)
    log.warn('finding', { type: 'not-checked', secretId: 'a', remedy: 'b', ...why })
    expect(findings).toMatchObject([{ problem }])
  })
})

describe('a failure', () => {
  test('of the lambdas keeps its code; whether it may pass decides the exit code', () => {
    expect(told(new RotationError('ERR_TAG', 'x'))).toMatchObject({
      code: 'ERR_TAG',
      exitCode: 4,
      retryable: false,
    })
    const away = new RotationError('ERR_DFNS_UNAVAILABLE', 'x', { retryable: true })
    expect(told(away)).toMatchObject({ exitCode: 5, retryable: true })
  })

  test('of nobody knows what tells its class alone', () => {
    expect(JSON.stringify(told(new TypeError('secret')))).not.toContain('secret')
    expect(told(new TypeError('secret'))).toMatchObject({ code: 'DEFECT', exitCode: 70 })
  })

  test('of the command line keeps its own', () => {
    expect(told(new CliFailure({ exitCode: 2, code: 'USAGE', message: 'x' }))).toMatchObject({
      exitCode: 2,
      code: 'USAGE',
    })
  })
})
