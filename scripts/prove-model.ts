import { explore } from '../test/model/explore.ts'
import { asItIs } from '../test/model/rules.ts'
import { type Budget, oneRotation } from '../test/model/world.ts'

/** More of what may happen than the tests have time for. */
const budgets: Readonly<Record<string, Budget>> = {
  'a rotation, a rollback, two kills': { ...oneRotation, rollbacks: 1, kills: 2 },
  'a rotation, a value put by hand, two kills': { ...oneRotation, puts: 1, kills: 2 },
  'a rotation, an abandon, two kills': { ...oneRotation, abandons: 1, kills: 2 },
  'two rotations, two kills': { ...oneRotation, rotations: 2, kills: 2 },
  'two rotations, a rollback, a kill': { ...oneRotation, rotations: 2, rollbacks: 1, kills: 1 },
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
