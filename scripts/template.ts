import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { functionNames } from '../infra/names.ts'
import { codeFile, plainTemplate } from '../infra/plain-template.ts'
import { zipped } from './template/zipped.ts'

const root = join(import.meta.dirname, '..')
const dist = join(root, 'dist')

/** Writes dist/template.json, and the archives that it asks for beside it. */
function write(): void {
  const digest = createHash('sha256')
  for (const name of functionNames) {
    const code = readFileSync(join(dist, name, 'index.mjs'))
    digest.update(code)
    keep(codeFile(name), zipped({ name: 'index.mjs', content: code }))
  }
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }
  const codeKeyPrefix = `dfns-rotator/${version}-${digest.digest('hex').slice(0, 12)}`
  keep('template.json', templateOf(codeKeyPrefix))
  console.log(`\nUpload the archives below ${codeKeyPrefix}/ of a bucket; docs/deployment.md tells the rest.`)
}

function templateOf(codeKeyPrefix: string): string {
  const outdir = mkdtempSync(join(tmpdir(), 'template-'))
  try {
    const { template } = plainTemplate({ codeKeyPrefix, outdir }).synth().getStackByName('dfns-rotator')
    return `${JSON.stringify(template, null, 2)}\n`
  } finally {
    rmSync(outdir, { recursive: true })
  }
}

function keep(name: string, content: string | Uint8Array): void {
  const file = join(dist, name)
  writeFileSync(file, content)
  console.log(`${relative(root, file)}  ${(Buffer.byteLength(content) / 1024).toFixed(1)} KiB`)
}

write()
