import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Lambdas, lambdasIn } from './lambdas.ts'

interface Patch {
  readonly file: string
  /** Must stand in the file exactly once. */
  readonly find: string
  readonly replace: string
}

/** A mistake that somebody could make in `lambdas/`, and what has to find it. */
export interface Breakage {
  readonly name: string
  /** Why more than one place is broken: what else would have caught it, without a checker. */
  readonly secondLine?: string
  readonly patches: readonly Patch[]
  /** The problems that are found with a copy of the code, or with the code as it is. */
  readonly probe: (lambdas?: Lambdas) => Promise<readonly string[]>
  /** What the finding says. */
  readonly caughtBy: RegExp
}

/** A copy of `lambdas/` with the breakage in it; fails where the code is no longer what the patch was written for. */
function broken({ patches, name }: Breakage): { folder: string; remove: () => void } {
  const root = join(import.meta.dirname, '..', '..')
  const copy = mkdtempSync(join(tmpdir(), 'dfns-rotator-broken-'))
  const folder = join(copy, 'lambdas')
  cpSync(join(root, 'lambdas'), folder, { recursive: true })
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'))
  writeFileSync(join(copy, 'package.json'), '{ "type": "module" }\n')
  for (const { file, find, replace } of patches) {
    const path = join(folder, file)
    const text = readFileSync(path, 'utf8')
    const places = text.split(find).length - 1
    if (places !== 1) throw new Error(`«${name}»: ${file} has ${places} places that the patch fits, not one`)
    writeFileSync(
      path,
      text.replace(find, () => replace),
    )
  }
  return { folder, remove: () => rmSync(copy, { recursive: true, force: true }) }
}

/** Looks for a breakage with it: the problems that were found, and with the code as it is. */
export async function tryOut(
  breakage: Breakage,
): Promise<{ broken: readonly string[]; asItIs: readonly string[] }> {
  const { folder, remove } = broken(breakage)
  try {
    const lambdas = await lambdasIn(folder)
    return { broken: await breakage.probe(lambdas), asItIs: await breakage.probe() }
  } finally {
    remove()
  }
}
