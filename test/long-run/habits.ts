const hourMs = 3_600_000
const dayMs = 24 * hourMs
const unitMs = { D: dayMs, H: hourMs, S: 1_000 } as const

/** How often a secret rotates, from a day on. */
export interface Habit {
  readonly day: number
  /** As in `rate(4 hours)`. */
  readonly rate: string
}

const every = (rate: string): readonly Habit[] => [{ day: 0, rate }]

/**
 * Of 30 secrets, from every 4 hours to every 30 days. The faster ones for a time only: at Dfns every rotation
 * leaves a credential for ever, and lists grow with them.
 */
export const habits: readonly (readonly Habit[])[] = [
  [...every('4 hours'), { day: 5, rate: '7 days' }],
  [...every('30 days'), { day: 40, rate: '6 hours' }, { day: 46, rate: '9 days' }],
  [...every('12 hours'), { day: 12, rate: '5 days' }],
  [...every('10 days'), { day: 60, rate: '1 day' }],
  ...Array.from({ length: 3 }, () => every('4 days')),
  ...Array.from({ length: 5 }, () => every('8 days')),
  ...Array.from({ length: 8 }, () => every('15 days')),
  ...Array.from({ length: 10 }, () => every('30 days')),
]

/** Tags, or none: then the policy's. */
export const graces = [
  'PT0S',
  'PT1H',
  'PT5H',
  'PT12H',
  'P1D',
  'P2D',
  'P3D',
  'P7D',
  undefined,
  undefined,
] as const

export const policy = { default: 'PT24H', adopted: 'P7D' } as const

/** What a tag, or its absence, means for a credential that a person made and for one of ours. Milliseconds. */
export function graceOf(tag: string | undefined): { readonly adopted: number; readonly own: number } {
  return { adopted: msOf(tag ?? policy.adopted), own: msOf(tag ?? policy.default) }
}

function msOf(duration: string): number {
  const [, count, unit] = /^PT?(\d+)([DHS])$/.exec(duration) ?? []
  return Number(count) * unitMs[unit as keyof typeof unitMs]
}
