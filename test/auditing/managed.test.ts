import { describe, expect, test } from 'vitest'
import { isManaged } from '../../lambdas/auditing/managed.ts'
import type { DescribedSecret } from '../../lambdas/ports/secrets-manager.ts'
import { schedulePrefix } from '../../lambdas/rotation/retire-event.ts'

const arn = 'arn:aws:secretsmanager:eu-west-1:000000000000:secret:prod/dfns-AbCdEf'
const rotateArn = 'arn:aws:lambda:eu-west-1:000000000000:function:dfns-rotator-rotate'

const secret = (given: Partial<DescribedSecret> = {}): DescribedSecret => ({
  arn,
  rotationEnabled: true,
  isDeleted: false,
  stages: new Map(),
  tags: new Map(),
  lastRotation: undefined,
  nextRotation: undefined,
  rotationDays: undefined,
  lastChanged: undefined,
  rotationArn: undefined,
  primaryRegion: undefined,
  failedRegions: [],
  ...given,
})

const letGo = new Map([['v', ['AWSCURRENT', 'dfns-decommissioned']]])

describe('a secret is managed', () => {
  test.each<[string, Partial<DescribedSecret>, boolean | 'perhaps']>([
    ['neither function nor tag', {}, false],
    ['our function', { rotationArn: rotateArn }, true],
    ['a version of our function', { rotationArn: `${rotateArn}:7` }, true],
    ['our function, rotation off', { rotationArn: rotateArn, rotationEnabled: false }, true],
    ['a function whose name begins as ours', { rotationArn: `${rotateArn}-2` }, false],
    [
      'our name in another account',
      { rotationArn: rotateArn.replace('000000000000', '1'.repeat(12)) },
      false,
    ],
    ['a tag of ours', { tags: new Map([['dfns-rotator:grace', 'P1D']]) }, true],
    ['a tag that only looks like it', { tags: new Map([['x-dfns-rotator:grace', 'P1D']]) }, false],
    ['let go, rotation off', { rotationArn: rotateArn, rotationEnabled: false, stages: letGo }, false],
    [
      'let go, a tag left',
      { rotationEnabled: false, stages: letGo, tags: new Map([['dfns-rotator:x', '']]) },
      false,
    ],
    ['let go, and on again', { rotationArn: rotateArn, stages: letGo }, true],
  ])('%s', (_, given, expected) => {
    expect(isManaged({ secret: secret(given), rotateArn, names: ['audit-1'] })).toBe(expected)
  })

  test('by a schedule of its own, and not by that of another', () => {
    const [own, other] = [schedulePrefix(arn), schedulePrefix(`${arn}2`)].map((prefix) => `${prefix}0`)
    const looked = { secret: secret({ rotationEnabled: false, stages: letGo }), rotateArn }
    expect(isManaged({ ...looked, names: [other ?? '', own ?? ''] })).toBe(true)
    expect(isManaged({ ...looked, names: [other ?? ''] })).toBe(false)
  })

  test('perhaps, where nobody tells which function is ours', () => {
    const looked = { rotateArn: undefined, names: [] }
    expect(isManaged({ ...looked, secret: secret({ rotationArn: rotateArn }) })).toBe('perhaps')
    expect(isManaged({ ...looked, secret: secret() })).toBe(false)
    expect(isManaged({ ...looked, secret: secret({ tags: new Map([['dfns-rotator:x', '']]) }) })).toBe(true)
  })
})
