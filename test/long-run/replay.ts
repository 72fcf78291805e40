import '../simulation/seeded-crypto.ts'

// One seed again; of a secret that is named, all that happened to it.
const { runLong } = await import('./run.ts')
const [seed = '1', storyOf] = process.argv.slice(2)
const start = performance.now()
const { story, findings, ...outcome } = await runLong({
  seed: Number(seed),
  ...(storyOf !== undefined && { storyOf }),
})
for (const line of story) console.log(line)
console.log(outcome)
for (const { at, arn, rule, text } of findings) {
  console.log(`${new Date(at).toISOString()} ${rule} ${arn.replace(/^.*:secret:/, '')}: ${text}`)
}
console.error(`${((performance.now() - start) / 1000).toFixed(1)} s`)
process.exitCode = findings.length > 0 ? 1 : 0
