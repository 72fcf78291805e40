import { parentPort } from 'node:worker_threads'
import { partNamed, runPart } from './parts.ts'

/** What the worker tells: that a schedule is done, or a part. */
export type Told =
  | { readonly type: 'schedule'; readonly of: number }
  | { readonly type: 'part'; readonly result: Awaited<ReturnType<typeof runPart>> }

const tell = (told: Told) => parentPort?.postMessage(told)

parentPort?.on('message', (name: string) => {
  const part = partNamed(name)
  if (part === undefined) throw new Error(`there is no part ${name}`)
  void runPart(part, ({ of }) => tell({ type: 'schedule', of })).then((result) =>
    tell({ type: 'part', result }),
  )
})
