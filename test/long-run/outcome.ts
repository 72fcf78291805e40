import type { Finding, Strays } from './ledger.ts'

/** Virtual days of a run. */
export const days = 90

/** What came of one seed. */
export interface Outcome {
  readonly seed: number
  readonly rotations: number
  readonly retirements: number
  readonly calls: number
  readonly findings: readonly Finding[]
  /** How many faults struck, by kind. */
  readonly faults: Readonly<Record<string, number>>
  /** What people did, and how often. */
  readonly deeds: Readonly<Record<string, number>>
  readonly strays: Strays
  /** Of every call with its time and its fault, and of every result: a replay has the same. */
  readonly hash: string
  /** What happened to the secret that a story was asked of, line by line. */
  readonly story: readonly string[]
}
