import { writeFileSync } from 'node:fs'
import { recordingSvg } from './recording/record.ts'
import { seedIds } from './recording/seeded.ts'

// Writes docs/recording.svg: the commands of the README as they are, against the sandbox, on a clock of their
// own. With `-` it is printed instead, which a test compares with the file.
seedIds('recording')
const svg = await recordingSvg()
if (process.argv[2] === '-') process.stdout.write(svg)
else writeFileSync(new URL('../docs/recording.svg', import.meta.url), svg)
