import './dice.ts'
import { parentPort } from 'node:worker_threads'

// After the dice: whatever draws at random has to draw from them.
const { runLong } = await import('./run.ts')
const { askedSoFar } = await import('../support/asked.ts')

parentPort?.on('message', (seed: number) => {
  void runLong({ seed }).then((outcome) => parentPort?.postMessage({ ...outcome, asked: askedSoFar() }))
})
