import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** The files that take longest, the longest first: two workers that begin with them end at about the same time. */
const longest: readonly string[] = [
  'blackbox/kill.test.ts',
  'blackbox/retire.test.ts',
  'hostile/fuzz/fuzz.test.ts',
  'simulation/webhooks.test.ts',
  'cli/doctor.test.ts',
  'blackbox/rotation.test.ts',
  'blackbox/audit-strays.test.ts',
  'simulation/matrix-edits.test.ts',
  'consumers/http.test.ts',
  'simulation/teeth.test.ts',
  'simulation/exploring.test.ts',
  'packages/cdk.test.ts',
  'simulation/matrix-accounts.test.ts',
  'simulation/matrix-tokens.test.ts',
  'simulation/matrix-webhooks.test.ts',
  'cli/rotate.test.ts',
  'blackbox/audit-untracked.test.ts',
  'demo.test.ts',
  'blackbox/template.test.ts',
  'blackbox/warm-faults.test.ts',
  'cli/ways-back.test.ts',
  'simulation/races.test.ts',
  'blackbox/grace.test.ts',
  'readme.test.ts',
  'simulation/matrix-users.test.ts',
  'simulation/matrix-pairs.test.ts',
  'consumers/deliveries.test.ts',
  'blackbox/bad-input.test.ts',
  'blackbox/audit-kinds.test.ts',
  'fleet/fleet.test.ts',
  'simulation/commands.test.ts',
]

/** Runs on every core by itself, and so fills what the others leave. */
const last = 'long-run/seeds.test.ts'

function rankOf({ moduleId }: TestSpecification): number {
  if (moduleId.endsWith(last)) return longest.length + 1
  const index = longest.findIndex((name) => moduleId.endsWith(`/test/${name}`))
  return index >= 0 ? index : longest.length
}

/** A Vitest sequencer; what is not listed stays in Vitest's own order. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files)
    return sorted.toSorted((one, other) => rankOf(one) - rankOf(other))
  }
}
