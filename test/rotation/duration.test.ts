import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readDuration } from '../../lambdas/rotation/duration.ts'

describe('a duration in days, hours, minutes and seconds', () => {
  test.for([
    ['P7D', 604_800_000],
    ['PT26H', 93_600_000],
    ['PT24H', 86_400_000],
    ['P30D', 2_592_000_000],
    ['PT0S', 0],
    ['P0D', 0],
    ['PT1M', 60_000],
    ['PT1S', 1_000],
    ['P1DT2H3M4S', 93_784_000],
    ['P1DT4S', 86_404_000],
    ['PT90M', 5_400_000],
    ['P007D', 604_800_000],
    ['P999999D', 86_399_913_600_000],
    ['PT999999999S', 999_999_999_000],
  ] as const)('%s is %i ms', ([text, ms]) => {
    expect(readDuration(text)).toBe(ms)
  })

  test('is the sum of its parts', () => {
    const part = fc.nat({ max: 999_999 })
    fc.assert(
      fc.property(part, part, part, part, (d, h, m, s) => {
        expect(readDuration(`P${d}DT${h}H${m}M${s}S`)).toBe((((d * 24 + h) * 60 + m) * 60 + s) * 1_000)
      }),
    )
  })
})

describe('is no duration', () => {
  test.for([
    '',
    'P',
    'PT',
    'P1DT',
    'T1H',
    '7D',
    'P1H',
    'PT1D',
    'P1M',
    'P1Y',
    'P1W',
    'PT1H2',
    'PT1M1H',
    'PT1.5H',
    'PT1,5H',
    'P-1D',
    '-P1D',
    '+P1D',
    'p7d',
    'pt1h',
    ' P7D',
    'P7D ',
    'P7D\n',
    'P 7D',
    'P٧D',
    'P1000000D',
    'PT1e3S',
    'PT0x1S',
    'PTNaNS',
    'PT1H1H',
    'P1D/P2D',
    '86400',
    '24h',
    'toString',
  ])('%j', (text) => {
    expect(readDuration(text)).toBeUndefined()
  })
})
