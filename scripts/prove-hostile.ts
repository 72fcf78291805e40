import { added, families, lineOf, nothing } from '../test/hostile/fuzz/families.ts'

/** Hostile inputs of every family: for each of the seeds 1 to `seeds` as many as the tests try. */
export async function proveHostileInput(parts: {
  seeds: number
  isWanted: (name: string) => boolean
  conclude: (part: { name: string; line: string; failures: readonly string[] }) => void
  progress: (text: string) => void
}): Promise<void> {
  const { seeds, isWanted, conclude, progress } = parts
  const wanted = families.filter(({ name }) => isWanted(`hostile input: ${name}`))
  let all = nothing
  for (const { name, runs, run } of wanted) {
    let figures = nothing
    for (let seed = 1; seed <= seeds; seed++) {
      figures = added(figures, await run({ seed, runs }))
      progress(`hostile input: ${name}, seed ${seed} of ${seeds}, ${figures.inputs} inputs`)
    }
    all = added(all, figures)
    conclude({ name: `hostile input: ${name}`, line: lineOf(figures), failures: figures.failures })
  }
  if (wanted.length > 1) console.log(`hostile input: ${lineOf(all)}`)
}

// One failure again, made as small as it can be: node scripts/prove-hostile.ts 'replies of Dfns' 7 12:0:1
if (import.meta.main) {
  const [name, seed, path] = process.argv.slice(2)
  const family = families.find((one) => one.name === name)
  if (family === undefined) throw new Error(`no family is called ${name}`)
  const figures = await family.run({ seed: Number(seed), runs: family.runs, path, shrinks: true })
  console.log([lineOf(figures), ...figures.failures].join('\n'))
  process.exitCode = figures.failures.length > 0 ? 1 : 0
}
