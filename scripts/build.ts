import { mkdir, rm, writeFile } from 'node:fs/promises'
import { dirname, relative } from 'node:path'
import { build } from 'esbuild'
import { functions, root } from './bundling.ts'
import { packageFiles, writePackages } from './packages.ts'
import { bundlePage } from './web/bundle.ts'

// In memory first: a build that fails leaves the last good bundles and packages where they are.
const { outputFiles, metafile } = await build({ ...functions, metafile: true })
const packages = await packageFiles({
  functions: { outputs: outputFiles, inputs: Object.keys(metafile.inputs) },
})

for (const { path, contents } of outputFiles) {
  await rm(dirname(path), { recursive: true, force: true })
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, contents)
  report({ path, bytes: contents.length })
}
for (const file of await bundlePage()) report(file)

await writePackages(packages)

function report({ path, bytes }: { path: string; bytes: number }): void {
  console.log(`${relative(root, path)}  ${(bytes / 1024).toFixed(1)} KiB`)
}
