import {
  describedOperation,
  type OperationCase,
  operationTroubles,
  runOperation,
} from './operation-matrix.ts'
import type { Part } from './parts.ts'

/** One in `every` of the faults of a command. */
export const commandPart =
  (sort: string, every: number) =>
  (of: OperationCase): Part => ({
    name: `${sort}: ${of.name}`,
    async run(progress) {
      // A client's first call takes more turns than the next ones.
      await runOperation({ of })
      const calm = await runOperation({ of })
      const troubles = operationTroubles(calm).filter((_, index) => index % every === every >> 1)
      const failures: string[] = []
      let calls = 0
      for (const trouble of [undefined, ...troubles]) {
        const outcome = trouble === undefined ? calm : await runOperation({ of, trouble })
        calls += outcome.calls.length
        progress({ of: troubles.length + 1 })
        if (outcome.problems.length > 0)
          failures.push(describedOperation({ case: of, trouble, calm, outcome }))
      }
      return { schedules: troubles.length + 1, failures, calls }
    },
  })
