import { mkdir, rm, writeFile } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { type BuildOptions, build } from 'esbuild'

const root = join(import.meta.dirname, '..')

// @dfns/sdk is CommonJS and requires built-ins at run time; an ES module has no `require` of its own.
const banner =
  "import{createRequire as __createRequire}from'node:module';const require=__createRequire(import.meta.url);"

const options = {
  absWorkingDir: root,
  entryPoints: {
    'rotate/index': 'lambdas/rotate.ts',
    'retire/index': 'lambdas/retire.ts',
    'audit/index': 'lambdas/audit.ts',
  },
  outdir: 'dist',
  outExtension: { '.js': '.mjs' },
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'node24',
  // esbuild's default for this platform prefers CommonJS, which cannot be tree-shaken: a third more bytes.
  mainFields: ['module', 'main'],
  minify: true,
  sourcemap: false,
  legalComments: 'none',
  banner: { js: banner },
  logLevel: 'warning',
  // In memory first: a build that fails leaves the last good bundles where they are.
  write: false,
} satisfies BuildOptions

const { outputFiles } = await build(options)

for (const { path, contents } of outputFiles) {
  await rm(dirname(path), { recursive: true, force: true })
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, contents)
  console.log(`${relative(root, path)}  ${(contents.length / 1024).toFixed(1)} KiB`)
}
