import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { root } from '../bundling.ts'
import { foldersOf, type Manifest, manifestIn } from '../packages/notices.ts'

/** A package whose code is shipped (CycloneDX 1.5, "components"). */
interface Component {
  readonly type: 'library'
  readonly 'bom-ref': string
  readonly name: string
  readonly version: string
  readonly purl: string
  readonly licenses?: readonly (
    | { readonly license: { readonly id: string } }
    | { readonly expression: string }
  )[]
  readonly hashes?: readonly { readonly alg: 'SHA-512'; readonly content: string }[]
}

type Lock = Readonly<Record<string, { readonly integrity?: string } | undefined>>

/**
 * The bill of materials of whatever these files went into, in CycloneDX. What npm itself would print leaves
 * out each package that a development dependency needs, too, and names others that no bundle holds.
 */
export async function billOf(inputs: Iterable<string>): Promise<object> {
  const lock = (JSON.parse(await readFile(join(root, 'package-lock.json'), 'utf8')) as { packages: Lock })
    .packages
  const own = await manifestIn('.')
  const components = await Promise.all(foldersOf(inputs).map((folder) => componentIn({ folder, lock })))
  return {
    $schema: 'http://cyclonedx.org/schema/bom-1.5.schema.json',
    bomFormat: 'CycloneDX',
    specVersion: '1.5',
    version: 1,
    metadata: { component: { ...described(own), type: 'application' } },
    components: components.toSorted((one, other) => (one.purl < other.purl ? -1 : 1)),
  }
}

async function componentIn({ folder, lock }: { folder: string; lock: Lock }): Promise<Component> {
  const sha512 = /^sha512-(\S+)/.exec(lock[folder]?.integrity ?? '')?.[1]
  return {
    ...described(await manifestIn(folder)),
    ...(sha512 !== undefined && {
      hashes: [{ alg: 'SHA-512', content: Buffer.from(sha512, 'base64').toString('hex') }],
    }),
  }
}

function described({ name, version, license }: Manifest): Component {
  // Package URL specification, type npm: the @ of a scope is encoded.
  const purl = `pkg:npm/${name.replace('@', '%40')}@${version}`
  const said = license === undefined || license.includes(' ') ? license : { id: license }
  return {
    type: 'library',
    'bom-ref': purl,
    name,
    version,
    purl,
    ...(said !== undefined && {
      licenses: [typeof said === 'string' ? { expression: said } : { license: said }],
    }),
  }
}
