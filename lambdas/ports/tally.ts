import type { Time } from './time.ts'

/** What an invocation has cost at Dfns, for the last line of its log. */
export interface Tally {
  /** Requests that left, repeated ones included. */
  readonly dfnsCalls: number
  /** Repetitions of a group of requests, after a failure that may pass. */
  readonly retries: number
}

/** The same time, and what passes through it. */
export function tallied(time: Time): { time: Time; tally: Tally } {
  const tally = { dfnsCalls: 0, retries: 0 }
  const turn = async () => {
    tally.dfnsCalls += 1
    await time.turn?.()
  }
  const repeated = () => {
    tally.retries += 1
  }
  return { time: { ...time, turn, repeated }, tally }
}
