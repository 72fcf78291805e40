import { createHash } from 'node:crypto'
import type { Clock, Task } from '../../sandbox/clock.ts'
import type { State } from '../../sandbox/dfns/state.ts'
import { currentInvocation } from './invocation.ts'
import { seededRandom } from './random.ts'

/** What counts the turns of a world: a task of the clock, an invocation of a function, what comes after it. */
export interface Turns {
  /** The world's clock: each of its tasks is a turn. */
  readonly clock: Clock
  /** How many turns there were at this moment of the clock, and how many invocations there are in this one. */
  readonly state: { at: number; count: number; entered: number }
  readonly random: () => number
  next(): void
  /** Counts an invocation, from 0. */
  enter(): number
  /** What an invocation draws by lot. */
  dice(): () => number
  /** Draws as it did when this turn began: after `state` was put back. */
  resume(): void
  /** Lets a simulator of Dfns number what it makes by turn and kind. */
  number(state: Pick<State, 'nextId'>): void
}

/**
 * The turns of a world. Without `anew` nothing hangs on them: all is drawn from one sequence. With it each turn has a
 * sequence of its own, which the clock's time and the number of the turn at that time begin: two runs that have come to
 * the same state by different ways draw the same from there on, and are the same for ever.
 */
export function createTurns(parts: {
  seed: number
  clock: Clock
  anew: ((seed: number) => void) | undefined
}): Turns {
  const { seed, clock, anew } = parts
  const state = { at: clock.now(), count: 0, entered: 0 }
  const numbers = new Map<string, number>()
  let random = seededRandom(seed)

  const resume = () => {
    if (anew === undefined) return
    const turn = seedOf(state) ^ seed
    anew(turn)
    random = seededRandom(turn)
    numbers.clear()
  }
  const next = () => {
    const at = clock.now()
    state.count = at === state.at ? state.count + 1 : 0
    state.at = at
    state.entered = 0
    resume()
  }
  const at: Clock['at'] = (time, task, about) => clock.at(time, inTurn(task), about)
  const inTurn =
    (task: Task): Task =>
    () => {
      next()
      return task()
    }

  return {
    clock: { ...clock, at },
    state,
    random: () => random(),
    next,
    resume,
    enter: () => (anew === undefined ? 0 : state.entered++),
    dice: () => (anew === undefined ? random : seededRandom(seedOf(state) ^ seed)),
    number: (of) => {
      if (anew === undefined) return
      of.nextId = (prefix) => {
        const sort = `${prefix} ${currentInvocation()?.nth}`
        const number = (numbers.get(sort) ?? 0) + 1
        numbers.set(sort, number)
        return idOf({ prefix, text: `${state.at} ${state.count} ${sort} ${number}` })
      }
    },
  }
}

/** 32 bits. */
const seedOf = ({ at, count }: Turns['state']): number =>
  createHash('sha256').update(`${at} ${count}`).digest().readUInt32BE()

/** In the form of the simulator's own. */
function idOf({ prefix, text }: { prefix: string; text: string }): string {
  const digest = createHash('sha256').update(`${prefix} ${text}`).digest('hex')
  return `${prefix}-${digest.slice(0, 5)}-${digest.slice(5, 10)}-${digest.slice(10, 26)}`
}
