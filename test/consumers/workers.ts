import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import type { WholeProof } from './proof.ts'
import type { ProofResult } from './report.ts'

/** Runs whole proofs on every core, each in a thread of its own. */
export async function runProofs(parts: {
  names: readonly WholeProof[]
  seed: number
  onProof: (done: { name: WholeProof; result: ProofResult }) => void
}): Promise<void> {
  const { names, seed, onProof } = parts
  const left = [...names]
  const lane = async () => {
    for (let name = left.shift(); name !== undefined; name = left.shift())
      onProof({ name, result: await resultOf({ name, seed }) })
  }
  await Promise.all(Array.from({ length: Math.min(left.length, availableParallelism()) }, lane))
}

async function resultOf(asked: { name: WholeProof; seed: number }): Promise<ProofResult> {
  const worker = new Worker(new URL('./worker.ts', import.meta.url))
  try {
    return await new Promise((resolve, reject) => {
      worker.once('error', reject)
      worker.once('message', resolve)
      worker.postMessage(asked)
    })
  } finally {
    await worker.terminate()
  }
}
