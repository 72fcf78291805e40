import { Duration } from 'aws-cdk-lib'
import { describe, expect, test } from 'vitest'
import { timesOfCron } from '../../infra/cron.ts'
import { RotationWindow } from '../../infra/rotation-window.ts'
import { ensureRules } from '../../sandbox/secrets-manager/schedule.ts'

const hours = (amount: number) => Duration.hours(amount)
const days = (amount: number) => Duration.days(amount)

describe('a rate', () => {
  test.for([
    [hours(4), 'rate(4 hours)', 4],
    [hours(25), 'rate(25 hours)', 25],
    [days(1), 'rate(1 day)', 24],
    [days(999), 'rate(999 days)', 999 * 24],
  ] as const)('of %s is %s', ([interval, expression, gapHours]) => {
    expect(RotationWindow.rate(interval)).toMatchObject({ expression, gapHours, durationHours: undefined })
  })

  test.for([hours(3), days(1000), Duration.minutes(250)])('is refused: %s', (interval) => {
    expect(() => RotationWindow.rate(interval)).toThrow('whole hours from 4 hours to 999 days')
  })
})

describe('the shortest time between two windows', () => {
  test.for([
    ['0 3 * * ? *', 24],
    ['0 3 ? * SUN *', 168],
    ['0 3 ? * 1,4 *', 72],
    ['0 3 ? * MON-FRI *', 24],
    ['0 0/4 * * ? *', 4],
    ['0 8,20 * * ? *', 12],
    ['0 3 1 * ? *', 28 * 24],
    ['0 3 L * ? *', 28 * 24],
    ['0 3 1 1 ? *', 365 * 24],
    ['0 3 ? * 6L *', 28 * 24],
    ['0 3 ? * 6#3 *', 28 * 24],
    ['0 3 */2 * ? *', 24],
    ['0 3 1 JAN,JUL ? *', 181 * 24],
  ] as const)('of cron(%s) is %i hours', ([fields, gap]) => {
    expect(timesOfCron(`cron(${fields})`)?.gap).toBe(gap)
  })
})

describe('a cron', () => {
  test.for([
    '5 3 * * ? *',
    '0 24 * * ? *',
    '0 3 * * * *',
    '0 3 ? * ? *',
    '0 3 * * ?',
    '0 3 32 * ? *',
    '0 3 ? * FOO *',
    '0 3 5-1 * ? *',
    '0 3 1/0 * ? *',
    '0 3 30 2 ? *',
    '0 3 * * ? 2027',
  ])('that Secrets Manager does not know is refused: %s', (fields) => {
    expect(() => RotationWindow.cron(fields)).toThrow('is not a schedule of Secrets Manager')
  })

  test('that comes more often than every four hours is refused', () => {
    expect(() => RotationWindow.cron('0 1,3 * * ? *')).toThrow('every four hours')
  })
})

describe('a window', () => {
  test.for([
    ['0 22 * * ? *', hours(3)],
    ['0 0/4 * * ? *', hours(5)],
    ['0 1 * * ? *', Duration.minutes(90)],
  ] as const)('ends before the next, and with the UTC day', ([fields, duration]) => {
    expect(() => RotationWindow.cron(fields, { duration })).toThrow('a window is open for whole hours')
  })

  test('of a rate by hours ends before the next', () => {
    expect(() => RotationWindow.rate(hours(4), { duration: hours(5) })).toThrow('a window is open')
  })

  test.for(['rate(30 days)', 'rate(1 day)', 'rate(8 hours)', 'cron(0 3 ? * SUN *)'])(
    'is read from %s',
    (text) => {
      expect(RotationWindow.of(text).expression).toBe(text)
    },
  )

  test.for(['30 days', 'rate(30)', 'rate(5 weeks)', 'cron()', 'at(2027-01-01)'])(
    'is not read from %s',
    (text) => {
      expect(() => RotationWindow.of(text)).toThrow(text)
    },
  )
})

describe('windows by default', () => {
  const windows = Array.from({ length: 1_680 }, (_, at) => RotationWindow.weekly(`App/Secret${at}`))

  test('are spread over all hours of the week', () => {
    const perHour = Map.groupBy(windows, ({ expression }) => expression)
    expect(perHour.size).toBe(168)
    // Ten an hour on average; a Poisson tail this far is one in millions.
    expect(Math.max(...[...perHour.values()].map(({ length }) => length))).toBeLessThan(30)
  })

  test('are what Secrets Manager takes', () => {
    for (const { expression, durationHours } of windows) {
      expect(() =>
        ensureRules({ ScheduleExpression: expression, Duration: `${durationHours}h` }),
      ).not.toThrow()
    }
  })

  test('stay the same from deploy to deploy', () => {
    expect(RotationWindow.weekly('App/Secret')).toEqual(RotationWindow.weekly('App/Secret'))
    expect(RotationWindow.weekly('App/Secret').expression).toBe('cron(0 0 ? * 6 *)')
  })
})
