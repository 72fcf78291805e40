import { createHash } from 'node:crypto'

/** A generator of numbers in [0, 1) with what a run needs to draw. */
export interface Dice {
  next(): number
  /** From `min` to `max`, both possible. */
  whole(min: number, max: number): number
  pick<T>(among: readonly [T, ...T[]]): T
  chance(probability: number): boolean
}

/** The same seed and name always give the same numbers; another name gives others. */
export function diceOf({ seed, name }: { seed: number; name: string }): Dice {
  const bytes = createHash('sha256').update(`${name} ${seed}`).digest()
  let state = bytes.readUInt32LE(0)
  // mulberry32
  const next = () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
  const whole = (min: number, max: number) => min + Math.floor(next() * (max - min + 1))
  return {
    next,
    whole,
    pick: (among) => among[whole(0, among.length - 1)] ?? among[0],
    chance: (probability) => next() < probability,
  }
}
