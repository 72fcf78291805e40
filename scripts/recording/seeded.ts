import crypto, { createHash } from 'node:crypto'
import { syncBuiltinESMExports } from 'node:module'

/**
 * From now on the ids that this process makes up follow from a seed: versions and ARNs are the same in every
 * run. Keys and challenges stay random.
 */
export function seedIds(seed: string): void {
  let count = 0
  const bytes = () => createHash('sha256').update(`${seed} ${count++}`).digest()
  crypto.randomUUID = () => {
    const hex = bytes().toString('hex')
    const parts = [hex.slice(0, 8), hex.slice(8, 12), `4${hex.slice(13, 16)}`, `a${hex.slice(17, 20)}`]
    return `${parts.join('-')}-${hex.slice(20, 32)}` as ReturnType<typeof crypto.randomUUID>
  }
  crypto.randomInt = ((most: number) => bytes().readUInt32BE() % most) as typeof crypto.randomInt
  syncBuiltinESMExports()
}
