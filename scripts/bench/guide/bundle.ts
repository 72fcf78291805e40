import { writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { type BuildOptions, build } from 'esbuild'
import { plainBundling } from '../../bundling.ts'

/**
 * The script in one file, bundled as anybody would, upon what the registry hands out: this repository's own
 * stand-in for cross-fetch, which @dfns/sdk is given here, is not in it.
 */
const guideBundling = {
  ...plainBundling,
  entryPoints: [fileURLToPath(new URL('./script.ts', import.meta.url))],
  alias: { 'cross-fetch': fileURLToPath(import.meta.resolve('cross-fetch-published')) },
} satisfies BuildOptions

/** Writes it, and returns how many bytes it has. */
export async function buildGuide(file: string): Promise<number> {
  const { outputFiles } = await build(guideBundling)
  const contents = outputFiles[0]?.contents
  if (contents === undefined) throw new Error('esbuild made no bundle')
  await writeFile(file, contents)
  return contents.length
}
