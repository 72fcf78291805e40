import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import type { Part, PartResult } from './parts.ts'
import type { Told } from './worker.ts'

/** Hardly anything outlives its schedule: with room for the young, little is copied about. */
const resourceLimits = { maxYoungGenerationSizeMb: 128 }

/** Runs parts on every core, each in a thread of its own. */
export async function runParts(parts: {
  parts: readonly Part[]
  onSchedule?: (part: Part) => void
  onPart: (done: { part: Part; result: PartResult }) => void
}): Promise<void> {
  const { onSchedule = () => {}, onPart } = parts
  const left = [...parts.parts]
  const lane = async () => {
    const worker = new Worker(new URL('./worker.ts', import.meta.url), { resourceLimits })
    try {
      for (let part = left.shift(); part !== undefined; part = left.shift()) {
        const one = part
        onPart({
          part: one,
          result: await resultOf({ worker, part: one, onSchedule: () => onSchedule(one) }),
        })
      }
    } finally {
      await worker.terminate()
    }
  }
  const lanes = Math.min(left.length, availableParallelism())
  await Promise.all(Array.from({ length: lanes }, lane))
}

function resultOf(asked: { worker: Worker; part: Part; onSchedule: () => void }): Promise<PartResult> {
  const { worker, part, onSchedule } = asked
  return new Promise((resolve, reject) => {
    const hear = (told: Told) => {
      if (told.type === 'schedule') return onSchedule()
      worker.off('message', hear)
      worker.off('error', reject)
      resolve(told.result)
    }
    worker.on('message', hear)
    worker.once('error', reject)
    worker.postMessage(part.name)
  })
}
