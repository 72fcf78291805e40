import { parentPort } from 'node:worker_threads'
import { type WholeProof, wholeProofs } from './proof.ts'

parentPort?.on('message', ({ name, seed }: { name: WholeProof; seed: number }) => {
  void wholeProofs[name](seed).then((result) => parentPort?.postMessage(result))
})
