import { readFileSync } from 'node:fs'

/** Of this repository, or of the package: either way it stands one folder above the code. */
export function version(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))
  return (manifest as { version: string }).version
}
