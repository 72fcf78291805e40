import { describe, expect, test } from 'vitest'
import { explore } from './explore.ts'
import { asItIs, type Rules } from './rules.ts'
import { type Budget, oneRotation } from './world.ts'

/** What may happen, in every order; `npm run prove` explores more of it. */
const explored = {
  'two rotations, a kill': { ...oneRotation, rotations: 2, kills: 1 },
  'a rotation, a rollback, a kill': { ...oneRotation, rollbacks: 1, kills: 1 },
  'a rotation, an abandon, a kill': { ...oneRotation, abandons: 1, kills: 1 },
  'a rotation, a value put by hand, a kill': { ...oneRotation, puts: 1, kills: 1 },
  'a rotation, a lost schedule': { ...oneRotation, losses: 1 },
  'a rotation, an abandon, a deactivation at Dfns': { ...oneRotation, abandons: 1, deactivations: 1 },
  'a rotation, two rollbacks': { ...oneRotation, rollbacks: 2 },
} satisfies Record<string, Budget>
type Name = keyof typeof explored

describe('every world that can be reached keeps every invariant', () => {
  test.each(Object.entries(explored))('%s', (_, budget) => {
    const { worlds, broken } = explore({ budget, rules: asItIs })
    expect([...broken]).toEqual([])
    expect(worlds).toBeGreaterThan(100)
  })
})

/** Each rule, and where its breach shows. */
const breaches: Readonly<Record<keyof Rules, readonly [Name, string]>> = {
  scheduleFirst: ['a rotation, a rollback, a kill', 'every active credential of ours is named'],
  compareAndSet: ['a rotation, a value put by hand, a kill', 'what a person put is not overwritten'],
  compares: ['a rotation, a value put by hand, a kill', 'what a person put is not overwritten'],
  provesPending: ['a rotation, an abandon, a deactivation at Dfns', 'AWSCURRENT authenticates'],
  readsLabels: ['a rotation, a rollback, a kill', 'AWSPREVIOUS works through its grace'],
  asksWhetherItMoved: ['a rotation, a value put by hand, a kill', 'AWSPREVIOUS works through its grace'],
  asksForLater: ['two rotations, a kill', 'AWSPREVIOUS works through its grace'],
  looksAgain: ['a rotation, a rollback, a kill', 'AWSCURRENT authenticates'],
  undoes: ['a rotation, a rollback, a kill', 'AWSCURRENT authenticates'],
  clearsPending: ['a rotation, a rollback, a kill', 'a rollback stands'],
  provesLast: ['a rotation, a rollback, a kill', 'AWSCURRENT authenticates'],
  schedulesActivation: ['a rotation, a rollback, a kill', 'every active credential of ours is named'],
  abandonWaits: ['a rotation, an abandon, a kill', 'AWSCURRENT authenticates'],
  sparesTheYoung: ['a rotation, a rollback, a kill', 'AWSPREVIOUS works through its grace'],
}

describe('a rule that is broken shows', () => {
  test.each(Object.entries(breaches))('%s', (rule, [name, invariant]) => {
    const { broken } = explore({ budget: explored[name], rules: { ...asItIs, [rule]: false } })
    expect([...broken.keys()]).toContain(invariant)
  })
})
