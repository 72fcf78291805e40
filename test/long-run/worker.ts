import '../simulation/seeded-crypto.ts'
import { parentPort } from 'node:worker_threads'

// After it: whatever draws at random has to draw from the seed.
const { runLong } = await import('./run.ts')
const { askedSoFar } = await import('../support/asked.ts')

parentPort?.on('message', (seed: number) => {
  void runLong({ seed }).then((outcome) => parentPort?.postMessage({ ...outcome, asked: askedSoFar() }))
})
