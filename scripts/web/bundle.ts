import { cp, mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { build } from 'esbuild'
import { root } from '../bundling.ts'
import { headersFile } from './headers.ts'

/** Where the page is built to. */
export const pageFolder = join(root, 'dist', 'web')

const copied = ['index.html', 'icon.svg', 'config.example.json'] as const

/** Bundles the passkey page: one script, one style sheet, and the files that stand beside them. */
export async function bundlePage(): Promise<readonly { path: string; bytes: number }[]> {
  const { outputFiles } = await build({
    absWorkingDir: root,
    entryPoints: { main: 'web/main.ts', style: 'web/style.css' },
    outdir: pageFolder,
    bundle: true,
    format: 'esm',
    platform: 'browser',
    // The browsers of early 2024: each has passkeys.
    target: ['chrome123', 'firefox124', 'safari17.5'],
    minify: true,
    legalComments: 'none',
    logLevel: 'warning',
    write: false,
  })
  await rm(pageFolder, { recursive: true, force: true })
  await mkdir(pageFolder, { recursive: true })
  for (const { path, contents } of outputFiles) await writeFile(path, contents)
  for (const name of copied) await cp(join(root, 'web', name), join(pageFolder, name))
  await writeFile(join(pageFolder, '_headers'), headersFile())
  return outputFiles.map(({ path, contents }) => ({ path, bytes: contents.length }))
}
