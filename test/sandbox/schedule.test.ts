import { describe, expect, it } from 'vitest'
import { ServiceError } from '../../sandbox/secrets-manager/errors.ts'
import { daysBetweenWindows, ensureRules, nextWindow } from '../../sandbox/secrets-manager/schedule.ts'
import type { RotationRules } from '../../sandbox/secrets-manager/secret.ts'

const NOW = '2026-01-07T10:30:00Z'
const schedule = (ScheduleExpression: string, Duration?: string): RotationRules => ({
  ScheduleExpression,
  ...(Duration !== undefined && { Duration }),
})

function windowOf(rules: RotationRules, after = NOW): string[] {
  const window = nextWindow({ rules, after: Date.parse(after) })
  if (!window) return []
  return [window.start, window.end].map((time) => new Date(time).toISOString().slice(0, 16))
}

describe('windows (rotation-protocol 1.9)', () => {
  it.each([
    [
      'days begin at 00:00 UTC and last to the end of the day',
      schedule('rate(10 days)'),
      '2026-01-17T00:00',
      '2026-01-18T00:00',
    ],
    ['a day', schedule('rate(1 day)'), '2026-01-08T00:00', '2026-01-09T00:00'],
    [
      'hours begin on the hour and last one',
      schedule('rate(4 hours)'),
      '2026-01-07T14:00',
      '2026-01-07T15:00',
    ],
    ['Duration shortens a day', schedule('rate(10 days)', '3h'), '2026-01-17T00:00', '2026-01-17T03:00'],
    ['Duration lengthens an hour', schedule('rate(8 hours)', '8h'), '2026-01-07T18:00', '2026-01-08T02:00'],
    [
      'AutomaticallyAfterDays is a rate of days',
      { AutomaticallyAfterDays: 30 },
      '2026-02-06T00:00',
      '2026-02-07T00:00',
    ],
    ['Sundays at 08:00', schedule('cron(0 8 ? * SUN *)'), '2026-01-11T08:00', '2026-01-12T00:00'],
    [
      'weekdays as numbers, 1 is Sunday',
      schedule('cron(0 8 ? * 1 *)'),
      '2026-01-11T08:00',
      '2026-01-12T00:00',
    ],
    ['later on the same day', schedule('cron(0 11 * * ? *)', '2h'), '2026-01-07T11:00', '2026-01-07T13:00'],
    ['the first of the month', schedule('cron(0 3 1 * ? *)'), '2026-02-01T03:00', '2026-02-02T00:00'],
    ['the last of the month', schedule('cron(0 3 L * ? *)'), '2026-01-31T03:00', '2026-02-01T00:00'],
    ['the last Sunday', schedule('cron(0 3 ? * SUNL *)'), '2026-01-25T03:00', '2026-01-26T00:00'],
    ['the third Tuesday', schedule('cron(0 3 ? * TUE#3 *)'), '2026-01-20T03:00', '2026-01-21T00:00'],
    [
      'every eight hours, anew each day',
      schedule('cron(0 /8 ? * * *)'),
      '2026-01-07T16:00',
      '2026-01-07T17:00',
    ],
    ['steps with an offset', schedule('cron(0 1/10 * * ? *)'), '2026-01-07T11:00', '2026-01-07T12:00'],
    [
      'months in a list and a range',
      schedule('cron(0 3 5 MAR,JUN-JUL ? *)'),
      '2026-03-05T03:00',
      '2026-03-06T00:00',
    ],
    ['weekdays in a range', schedule('cron(0 9 ? * MON-FRI *)'), '2026-01-08T09:00', '2026-01-09T00:00'],
    ['February 29', schedule('cron(0 0 29 FEB ? *)'), '2028-02-29T00:00', '2028-03-01T00:00'],
  ] as const)('%s', (_, rules, start, end) => {
    ensureRules(rules)
    expect(windowOf(rules)).toEqual([start, end])
  })

  it('a window that opens now is not the next one', () => {
    expect(windowOf(schedule('cron(0 8 ? * WED *)'), '2026-01-07T08:00:00Z')[0]).toBe('2026-01-14T08:00')
  })

  it('there is none without a schedule, or for a day that never comes', () => {
    expect([windowOf({}), windowOf(schedule('cron(0 0 30 FEB ? *)'))]).toEqual([[], []])
  })

  it.each([
    ['rate(6 hours)', 1],
    ['rate(10 days)', 10],
    ['cron(0 8 ? * SUN *)', 7],
  ])('%s is shown with AutomaticallyAfterDays %d', (expression, days) => {
    expect(daysBetweenWindows({ rules: schedule(expression), now: Date.parse(NOW) })).toBe(days)
  })
})

describe('schedules that are refused (rotation-protocol 1.9)', () => {
  it.each([
    ['both at once', { AutomaticallyAfterDays: 1, ScheduleExpression: 'rate(1 day)' }],
    ['0 days', { AutomaticallyAfterDays: 0 }],
    ['1001 days', { AutomaticallyAfterDays: 1001 }],
    ['less than four hours', schedule('rate(3 hours)')],
    ['more than 999 days', schedule('rate(1000 days)')],
    ['minutes', schedule('rate(300 minutes)')],
    ['a one-time schedule', schedule('at(2026-01-01T00:00:00)')],
    ['letters outside the pattern', schedule('rate(1 day);')],
    ['minutes other than 0', schedule('cron(15 8 ? * SUN *)')],
    ['a year', schedule('cron(0 8 ? * SUN 2026)')],
    ['both days', schedule('cron(0 8 1 * SUN *)')],
    ['no day', schedule('cron(0 8 ? * ? *)')],
    ['five fields', schedule('cron(0 8 * * ?)')],
    ['hour 24', schedule('cron(0 24 * * ? *)')],
    ['a weekday that is none', schedule('cron(0 8 ? * XYZ *)')],
    ['every hour', schedule('cron(0 * * * ? *)')],
    ['a duration without unit', schedule('rate(1 day)', '12')],
    ['a duration of 0 hours', schedule('rate(1 day)', '0h')],
    ['a window beyond the day', schedule('cron(0 20 * * ? *)', '5h')],
    ['a window of days beyond the day', schedule('rate(10 days)', '25h')],
    ['a window into the next one', schedule('rate(4 hours)', '5h')],
    ['a window into the next one of the same day', schedule('cron(0 /6 * * ? *)', '7h')],
  ])('%s', (_, rules) => {
    expect(() => ensureRules(rules)).toThrow(ServiceError)
  })

  it('a window may end with the day', () => {
    expect(() => ensureRules(schedule('cron(0 20 * * ? *)', '4h'))).not.toThrow()
  })
})
