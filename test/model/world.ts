/** A generation, counted from 0: the one that a person made. */
export type Generation = number

/** What Dfns has of a generation. */
export type AtDfns = 'unknown' | 'active' | 'inactive'

/** A one-time schedule: one for each superseded generation, as its name says. */
export interface Schedule {
  readonly superseded: Generation
  readonly promoted: Generation
  readonly isDue: boolean
}

/** A run of one program, between two of its effects. Killed, it is simply gone. */
export interface Run {
  readonly program: 'rotate' | 'retire' | 'rollback' | 'abandon' | 'audit'
  /** Where it goes on. */
  readonly at: string
  /** The generation that it makes, retires, goes back to or gives up. */
  readonly of: Generation
  /** Of a retirement: what its schedule says to have been promoted. */
  readonly promoted?: Generation
  /** The generation that it has read as current. */
  readonly current?: Generation
  /** Whether something else was under way, or happened, beside it. */
  readonly hasMet?: true
  /** What audit has found at Dfns. */
  readonly listed?: readonly Generation[]
}

/** How often each of these may still happen. */
export interface Budget {
  readonly rotations: number
  readonly rollbacks: number
  readonly abandons: number
  /** Values that a person puts as AWSCURRENT. */
  readonly puts: number
  readonly kills: number
  /** Schedules that are lost. */
  readonly losses: number
  /** Deactivations of what is pending, by a person at Dfns. */
  readonly deactivations: number
}

/** A rotation, and nothing that gets in its way. */
export const oneRotation: Budget = {
  rotations: 1,
  rollbacks: 0,
  abandons: 0,
  puts: 0,
  kills: 0,
  losses: 0,
  deactivations: 0,
}

/** Labels, credentials, schedules and graces of one secret, and whatever is under way. */
export interface World {
  readonly current: Generation
  readonly pending?: Generation
  readonly previous?: Generation
  /** By each generation that a version holds: what was current as it was made. AWSPENDING may be on an empty one. */
  readonly stored: Readonly<Record<Generation, Generation>>
  readonly atDfns: readonly AtDfns[]
  /** Generations that a person made. */
  readonly adopted: readonly Generation[]
  readonly schedules: readonly Schedule[]
  /** Generations whose grace is not over. */
  readonly inGrace: readonly Generation[]
  /** Generations that a rollback has gone back from. */
  readonly rejected: readonly Generation[]
  readonly runs: readonly Run[]
  /**
   * Whether a schedule was lost, a person put a value, or a run was killed that had met another: then
   * something may have no end until the audit finds it.
   */
  readonly isForgetful: boolean
  readonly budget: Budget
}

export const start = (budget: Budget): World => ({
  current: 0,
  stored: { 0: 0 },
  atDfns: ['active'],
  adopted: [0],
  schedules: [],
  inGrace: [],
  rejected: [],
  runs: [],
  isForgetful: false,
  budget,
})

export const isActive = (world: World, of: Generation): boolean => world.atDfns[of] === 'active'

export const set = (world: World, of: Generation, state: AtDfns): World => ({
  ...world,
  atDfns: world.atDfns.map((known, generation) => (generation === of ? state : known)),
})

export const withSchedule = (world: World, schedule: Schedule): World => ({
  ...without(world, schedule.superseded),
  schedules: [...without(world, schedule.superseded).schedules, schedule].toSorted(
    (one, other) => one.superseded - other.superseded,
  ),
})

/** Written over by its name; one that is not there is no error. */
export const without = (world: World, superseded: Generation): World => ({
  ...world,
  schedules: world.schedules.filter((schedule) => schedule.superseded !== superseded),
})

export const isScheduled = (world: World, superseded: Generation): boolean =>
  world.schedules.some((schedule) => schedule.superseded === superseded)

/** UpdateSecretVersionStage: a compare-and-set, which AWSPREVIOUS follows. */
export function move(world: World, labels: { from: Generation; to: Generation }): World | undefined {
  if (world.current !== labels.from) return undefined
  return supersede(world, labels.to)
}

/** AWSCURRENT goes to `to`, whoever had it. What loses it, and works, has its grace from here on. */
export function supersede(world: World, to: Generation): World {
  const { current } = world
  const others = world.inGrace.filter((each) => each !== to && each !== current)
  const inGrace = isActive(world, current) ? [...others, current] : others
  return { ...world, current: to, previous: current, inGrace: inGrace.toSorted((one, other) => one - other) }
}

export const unlabelled = (world: World, label: 'pending' | 'previous', of: Generation): World => {
  if (world[label] !== of) return world
  const { [label]: _, ...rest } = world
  return rest
}

/** AWSPENDING on a version that is not AWSCURRENT: Secrets Manager tries it again. */
export const isRotating = ({ pending, current }: World): boolean =>
  pending !== undefined && pending !== current
