import { days, type Outcome } from './outcome.ts'

const counted = new Intl.NumberFormat('en')

/** What a failing seed shows, and how to see it again. */
export function linesOf({ seed, findings }: Outcome): string[] {
  return findings.map(({ at, arn, rule, text }) => {
    const name = /:secret:(prod\/\d\d)/.exec(arn)?.[1]
    const moment = `${new Date(at).toISOString().slice(0, 19)}Z`
    const replay = `node scripts/prove-long.ts ${[seed, name].join(' ').trim()}`
    return `seed ${seed}, ${moment}, ${name ?? 'any secret'}, ${rule}: ${text}. Replay: ${replay}`
  })
}

/** The line that states what was run, and one each for what struck, what was done by hand, and what it left. */
export function summaryOf(outcomes: readonly Outcome[]): string[] {
  const sum = (read: (outcome: Outcome) => number) =>
    outcomes.reduce((total, outcome) => total + read(outcome), 0)
  const kept = outcomes.filter(({ findings }) => findings.length === 0).length
  const size = [
    `${counted.format(sum(({ rotations }) => rotations))} rotations`,
    `${counted.format(sum(({ retirements }) => retirements))} retirements`,
    `${counted.format(sum(({ calls }) => calls))} calls`,
    `${counted.format(outcomes.length * days)} virtual days`,
  ]
  const tallied = (read: (outcome: Outcome) => Readonly<Record<string, number>>) => {
    const names = [...new Set(outcomes.flatMap((outcome) => Object.keys(read(outcome))))].sort()
    return names
      .map((name) => `${counted.format(sum((outcome) => read(outcome)[name] ?? 0))} ${name}`)
      .join(', ')
  }
  const strays = [
    `${sum(({ strays: { supersededByHand } }) => supersededByHand)} that a move of AWSCURRENT by hand superseded`,
    `${sum(({ strays: { neverPromoted } }) => neverPromoted)} of rotations that an edit ended`,
  ]
  return [
    `${kept} of ${outcomes.length} seeds keep every promise: ${size.join(', ')}`,
    `  faults: ${tallied(({ faults }) => faults)}`,
    `  people: ${tallied(({ deeds }) => deeds)}`,
    `  active credentials that only an audit can find: ${strays.join(', ')}`,
  ]
}
