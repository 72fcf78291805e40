import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import type { AskedLine } from '../support/asked.ts'
import type { Outcome } from './outcome.ts'

/** What came of one seed, and all that IAM would have been asked. */
export type SeedOutcome = Outcome & { readonly asked: readonly AskedLine[] }

/**
 * Lives through 90 days of each seed, on every core, each in a thread of its own randomness. `onOutcome` hears of
 * each as it ends; the outcomes come back in the order of the seeds.
 */
export async function runSeeds(parts: {
  seeds: readonly number[]
  onOutcome?: (outcome: SeedOutcome) => void
}): Promise<readonly SeedOutcome[]> {
  const { seeds, onOutcome = () => {} } = parts
  const left = [...seeds.entries()]
  const outcomes: SeedOutcome[] = []
  const lane = async () => {
    for (let next = left.shift(); next !== undefined; next = left.shift()) {
      const [index, seed] = next
      const outcome = await liveThrough(seed)
      outcomes[index] = outcome
      onOutcome(outcome)
    }
  }
  const lanes = Math.min(seeds.length, availableParallelism())
  await Promise.all(Array.from({ length: lanes }, lane))
  return outcomes
}

/** In a thread of its own: what libraries remember of an earlier run, they would draw from the dice anew. */
async function liveThrough(seed: number): Promise<SeedOutcome> {
  const worker = new Worker(new URL('./worker.ts', import.meta.url))
  try {
    return await new Promise((resolve, reject) => {
      worker.once('error', (error) => reject(new Error(`seed ${seed}: ${String(error)}`)))
      worker.once('message', resolve)
      worker.postMessage(seed)
    })
  } finally {
    await worker.terminate()
  }
}
