import { readFileSync, writeFileSync } from 'node:fs'
import { ways } from '../sandbox/demo/subjects.ts'
import { quietGate } from './protocol/gate.ts'
import { blocksOf, withBlocks } from './protocol/page.ts'
import { nameOf, record, type Recorded } from './protocol/record.ts'

// Writes what docs/protocol.md tells of the calls of one rotation of each kind and strategy; its prose is by
// hand. What has not come within so many milliseconds waits for a reply: a test looks at the result again.
const quietMs = Number(process.argv[2] ?? 150)

const page = new URL('../docs/protocol.md', import.meta.url)
const recordings = new Map<string, Recorded[]>()
for (const way of ways) {
  recordings.set(nameOf(way), await record({ way, gate: quietGate(quietMs) }))
  console.log(`recorded: ${nameOf(way)}`)
}
writeFileSync(page, withBlocks(readFileSync(page, 'utf8'), blocksOf(recordings)))
