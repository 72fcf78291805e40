import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** The files that take longest, the longest first: two workers that begin with them end at about the same time. */
const longest: readonly string[] = [
  'blackbox/kill.test.ts',
  'simulation/matrix-accounts.test.ts',
  'simulation/matrix-tokens.test.ts',
  'simulation/matrix-webhooks.test.ts',
  'simulation/matrix-users.test.ts',
  'simulation/matrix-edits.test.ts',
  'simulation/matrix-signed.test.ts',
  'simulation/matrix.test.ts',
  'simulation/matrix-duplicates.test.ts',
  'blackbox/warm-faults.test.ts',
  'simulation/races.test.ts',
  'hostile/fuzz/fuzz.test.ts',
  'simulation/commands.test.ts',
  'simulation/teeth.test.ts',
  'simulation/matrix-pairs.test.ts',
  'simulation/exploring.test.ts',
  'fleet/fleet.test.ts',
  'blackbox/retire.test.ts',
  'cli/doctor.test.ts',
  'cli/package.test.ts',
  'blackbox/rotation.test.ts',
  'blackbox/grace.test.ts',
  'cli/rotate.test.ts',
  'cli/adopt.test.ts',
  'cli/ways-back.test.ts',
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
