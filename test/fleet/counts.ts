/** What happened in a fleet, as it is counted. */
export interface Counts {
  calls: number
  /** Requests to Dfns that were answered, and that were refused with 429, by the minute since the beginning. */
  readonly answered: number[]
  readonly refused: number[]
  /** Requests that AWS throttled, by operation. */
  readonly throttled: Map<string, number>
  /** Invocations for which no more functions could run. */
  noRoom: number
  mostAtOnce: number
  invocations: number
  /** Invocations of rotate that ended with an error, by code. */
  readonly failures: Map<string, number>
  retirements: number
  postponed: number
}

export const noCounts = (): Counts => ({
  calls: 0,
  answered: [],
  refused: [],
  throttled: new Map(),
  noRoom: 0,
  mostAtOnce: 0,
  invocations: 0,
  failures: new Map(),
  retirements: 0,
  postponed: 0,
})
