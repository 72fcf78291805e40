import type { Recorded } from '../protocol/record.ts'
import { sum } from './figures.ts'
import { type Phase, phases } from './meter.ts'

const describe = 'DescribeSecret'
const current = 'GetSecretValue AWSCURRENT'
const pending = 'GetSecretValue AWSPENDING'
const previous = 'GetSecretValue AWSPREVIOUS'
const policy = 'GetParameter'

/**
 * What AWS's own rotation template asks of AWS, step by step and one call after the other: the generic one of
 * aws-samples/aws-secrets-manager-rotation-lambdas, its two empty steps as the single-user template for
 * PostgreSQL fills them.
 */
export const template: Readonly<Record<Phase, readonly string[]>> = {
  createSecret: [describe, current, pending, 'GetRandomPassword', 'PutSecretValue'],
  setSecret: [describe, previous, current, pending],
  testSecret: [describe, pending],
  finishSecret: [describe, describe, 'UpdateSecretVersionStage AWSCURRENT'],
  retire: [],
}

type Whys = Readonly<Record<string, string>>

const retiring =
  'the old key ends, and not before it is known that nothing needs it: the template has no such step'

/** What a call buys that the template does not make: by its phase, or in any. */
const buys: Readonly<Record<Phase | 'any', Whys>> = {
  any: { [policy]: 'to which origins a token may go, and how long the grace is, without a deploy' },
  createSecret: {},
  setSecret: {},
  testSecret: {
    [current]: 'a test rotation is told by it, and pending is to be of the same identity',
  },
  finishSecret: {
    [current]: 'what is superseded, and whether somebody changed it meanwhile',
    [pending]: 'an empty or malformed value is never promoted',
    CreateSchedule: "the end of the old key's grace is written down before the new key is current",
  },
  retire: {
    [describe]: retiring,
    [policy]: retiring,
    [current]: 'AWSCURRENT is proved, and a label may have moved: before and after the deactivation',
    [pending]: 'a label may have moved: before and after the deactivation',
    'GetSecretValue by id': 'the version that was superseded, whatever label it has',
    GetSchedule: 'a later schedule of the same credential goes before this one',
    'UpdateSecretVersionStage AWSPREVIOUS': 'no label names a key that is no more',
  },
}

/** Why the template's call is not needed here. */
const spared: Whys = {
  GetRandomPassword: 'the key is made in the function',
  [previous]: 'an older key is never used again: what AWSCURRENT holds has to work',
  [describe]: 'the labels are known from the first one, and the move is refused if they changed',
}

/** What of `some` is not among `others`, each as often as it is more. */
function beyond(some: readonly string[], others: readonly string[]): readonly string[] {
  const left = [...others]
  return some.filter((name) => {
    const place = left.indexOf(name)
    if (place >= 0) left.splice(place, 1)
    return place < 0
  })
}

const callsOf = ({ rounds }: Recorded) => rounds.flat()
const ofAws = (recorded: Recorded) =>
  callsOf(recorded)
    .filter(({ to }) => to !== 'Dfns')
    .map(({ name }) => name)

/** Throws where nobody says what a call buys. */
function whyMore(phase: Phase, name: string): string {
  const why = buys[phase][name] ?? buys.any[name]
  if (why === undefined) throw new Error(`${phase}: nobody says what ${name} buys`)
  return why
}

function whyLess(name: string): string {
  const why = spared[name]
  if (why === undefined) throw new Error(`nobody says why ${name} is spared`)
  return why
}

/** Two tables of Markdown: how many calls, phase by phase, and what each one buys that the template lacks. */
export function templateTables(recordings: readonly Recorded[]): string {
  const all = phases.map((phase) => recordings.find((one) => one.phase === phase) ?? { phase, rounds: [] })
  const counts = all.map((recorded) => [
    template[recorded.phase].length,
    ofAws(recorded).length,
    callsOf(recorded).length - ofAws(recorded).length,
    recorded.rounds.length,
  ])
  const total = [0, 1, 2, 3].map((column) => sum(counts.slice(0, 4).map((row) => row[column] ?? 0)))
  const rows = all.map(({ phase }, index) => rowOf(phase, counts[index] ?? []))
  rows.splice(4, 0, rowOf('**a rotation**', total))
  return [
    '| | template: AWS, one by one | AWS | Dfns | round trips |',
    '| --- | ---: | ---: | ---: | ---: |',
    ...rows,
    '',
    '| in | more or less | what for |',
    '| --- | --- | --- |',
    ...differences(all).map((row) => `| ${row.join(' | ')} |`),
  ].join('\n')
}

const rowOf = (name: string, figures: readonly number[]) => `| ${[name, ...figures].join(' | ')} |`

/** The same call for the same reason in one row. */
function differences(all: readonly Recorded[]): readonly (readonly string[])[] {
  const found = all.flatMap((recorded) => {
    const { phase } = recorded
    const made = ofAws(recorded)
    const more = beyond(made, template[phase]).map((name) => ({
      phase,
      call: `+ \`${name}\``,
      why: whyMore(phase, name),
    }))
    const less = beyond(template[phase], made).map((name) => ({
      phase,
      call: `− \`${name}\``,
      why: whyLess(name),
    }))
    return [...more, ...less]
  })
  const groups = Map.groupBy(found, ({ call, why }) => `${call} ${why}`)
  return [...groups.values()].map((some) => {
    const seen = [...new Set(some.map(({ phase }) => phase))]
    const times = some.length > seen.length ? ` × ${some.length}` : ''
    return [seen.join(', '), `${some[0]?.call}${times}`, some[0]?.why ?? '']
  })
}
