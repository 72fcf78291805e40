import { readFileSync, writeFileSync } from 'node:fs'
import { quietGate } from './protocol/gate.ts'
import { blocksOf, withBlocks } from './protocol/page.ts'
import { record, type Recorded, recordings } from './protocol/record.ts'

// Writes what docs/protocol.md tells of the calls of one rotation of each kind and strategy; its prose is by
// hand. What has not come within so many milliseconds waits for a reply: a test looks at the result again.
const quietMs = Number(process.argv[2] ?? 150)

const page = new URL('../docs/protocol.md', import.meta.url)
const recorded = new Map<string, Recorded[]>()
for (const recording of recordings) {
  recorded.set(recording.name, await record({ recording, gate: quietGate(quietMs) }))
  console.log(`recorded: ${recording.name}`)
}
writeFileSync(page, withBlocks(readFileSync(page, 'utf8'), blocksOf(recorded)))
