import type { FleetFigures, Occasion } from './fleet.ts'

const total = (values: readonly (number | undefined)[]): number =>
  values.reduce<number>((all, value) => all + (value ?? 0), 0)

/** The value that a share of them does not exceed. */
export const quantile = (sorted: readonly number[], share: number): number =>
  sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN

const minutes = (ms: number) => `${(ms / 60_000).toFixed(1)} min`
const counted = (value: number) => value.toLocaleString('en')

const occasions: Readonly<Record<Occasion, string>> = {
  spread: 'its windows spread over the week',
  pressed: 'rotated by hand, one right after the other',
  'one window': 'all in one window of four hours a week',
}

export const nameOf = (of: { secrets: number; occasion: Occasion; tells: 'limits' | 'nothing' }): string => {
  const { secrets, occasion, tells } = of
  const silent = tells === 'nothing' ? ', and Dfns tells no limit' : ''
  return `fleet: ${counted(secrets)} secrets, ${occasions[occasion]}${silent}`
}

/** What is wrong: somebody was never rotated, something is left, a credential was refused, a letter is dead. */
export const failuresOf = ({ problems, deadLetters }: FleetFigures): readonly string[] => [
  ...problems,
  ...(deadLetters > 0 ? [`${deadLetters} dead letters`] : []),
]

/** The figures in one line. */
export function lineOf({ figures, perMinute }: { figures: FleetFigures; perMinute: number }): string {
  const { waits, attempts, counts, deadLetters } = figures
  const { answered, refused, throttled, failures } = counts
  return [
    `${counted(waits.length)} of ${counted(figures.secrets)} rotated`,
    `after ${[0.5, 0.95, 1].map((share) => minutes(quantile(waits, share))).join(', ')} (half, 95 %, all)`,
    `${counted(total(attempts))} attempts, ${quantile(attempts, 1)} at most`,
    `${counted(total(answered))} requests to Dfns at most ${perMinute} a minute`,
    `${counted(total(refused))} refused with 429`,
    `${counted(total([...throttled.values()]))} throttled by AWS`,
    `${counts.mostAtOnce} functions at once, no room ${counted(counts.noRoom)} times`,
    `${counted(total([...failures.values()]))} steps failed`,
    `${counted(counts.retirements)} retired, ${counts.postponed} of them postponed before`,
    `${deadLetters} dead letters`,
  ].join('; ')
}
