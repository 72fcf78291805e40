import { explore } from '../test/model/explore.ts'
import { asItIs } from '../test/model/rules.ts'
import type { Budget } from '../test/model/world.ts'

const nothing: Budget = {
  rotations: 1,
  rollbacks: 0,
  abandons: 0,
  puts: 0,
  kills: 0,
  losses: 0,
  deactivations: 0,
}

/** More of what may happen than the tests have time for. */
const budgets: Readonly<Record<string, Budget>> = {
  'a rotation, a rollback, two kills': { ...nothing, rollbacks: 1, kills: 2 },
  'a rotation, a value put by hand, two kills': { ...nothing, puts: 1, kills: 2 },
  'two rotations, two kills': { ...nothing, rotations: 2, kills: 2 },
  'two rotations, a rollback, a kill': { ...nothing, rotations: 2, rollbacks: 1, kills: 1 },
}

/** Explores the model of labels, credentials, schedules and graces: every world that each budget reaches. */
export function proveModel(
  print: (part: { name: string; line: string; failures: readonly string[] }) => void,
): void {
  for (const [what, budget] of Object.entries(budgets)) {
    const { worlds, broken } = explore({ budget, rules: asItIs })
    const failures = [...broken].map(([invariant, way]) => `${invariant}: ${way.join('; ')}`)
    print({ name: `model: ${what}`, line: `${worlds} worlds, each invariant in each`, failures })
  }
}
