import { afterEach, describe, expect, test, vi } from 'vitest'
import { type Log, logOf } from '../../lambdas/ports/log.ts'
import { captureLog } from './captured-log.ts'

afterEach(() => {
  vi.unstubAllEnvs()
})

const levels = ['info', 'warn', 'error'] as const
const printed = (print: (log: Log) => void, common = {}) => captureLog(() => print(logOf(common)))

describe.each(levels)('a line of level %s', (level) => {
  test('is one JSON object with the event, its fields and what is common to all', async () => {
    const { lines } = await printed((log) => log[level]('moved', { from: 'a', count: 2, done: true }), {
      step: 'finishSecret',
    })
    expect(lines).toHaveLength(1)
    expect(lines[0]).toMatchObject({
      level: level.toUpperCase(),
      message: 'moved',
      service: 'dfns-rotator',
      step: 'finishSecret',
      from: 'a',
      count: 2,
      done: true,
    })
  })

  test('stays one line, whatever a field holds', async () => {
    const { text } = await printed((log) => log[level]('x', { a: 'b\nc\r\u2028"}' }))
    expect(text.trimEnd().split('\n')).toHaveLength(1)
  })

  test('may be the event alone', async () => {
    const { lines } = await printed((log) => log[level]('alone'))
    expect(lines.map(({ message }) => message)).toEqual(['alone'])
  })
})

test('two logs share nothing', async () => {
  const { lines } = await captureLog(() => {
    const first = logOf({ step: 'a' })
    logOf({ secretId: 'b' }).info('second')
    first.info('first')
  })
  expect(lines[0]).not.toHaveProperty('step')
  expect(lines[1]).not.toHaveProperty('secretId')
})

test('fields of one line are not repeated on the next', async () => {
  const { lines } = await printed((log) => {
    log.info('a', { once: 1 })
    log.info('b')
  })
  expect(lines[1]).not.toHaveProperty('once')
})

test('the service may be named by the environment', async () => {
  vi.stubEnv('POWERTOOLS_SERVICE_NAME', 'robots')
  const { lines } = await printed((log) => log.info('x'))
  expect(lines[0]).toMatchObject({ service: 'robots' })
})
