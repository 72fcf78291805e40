import { mkdir, rm, writeFile } from 'node:fs/promises'
import { dirname, relative } from 'node:path'
import { build } from 'esbuild'
import { bundling, root } from './bundling.ts'
import { bundlePage } from './web/bundle.ts'

// In memory first: a build that fails leaves the last good bundles where they are.
const { outputFiles } = await build({
  ...bundling,
  entryPoints: {
    'rotate/index': 'lambdas/rotate.ts',
    'retire/index': 'lambdas/retire.ts',
    'audit/index': 'lambdas/audit.ts',
  },
  outdir: 'dist',
  outExtension: { '.js': '.mjs' },
})

for (const { path, contents } of outputFiles) {
  await rm(dirname(path), { recursive: true, force: true })
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, contents)
  report({ path, bytes: contents.length })
}
for (const file of await bundlePage()) report(file)

function report({ path, bytes }: { path: string; bytes: number }): void {
  console.log(`${relative(root, path)}  ${(bytes / 1024).toFixed(1)} KiB`)
}
