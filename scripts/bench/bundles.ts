import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type BuildOptions, build, type Metafile } from 'esbuild'
import { functions, plainBundling, root } from '../bundling.ts'

export const rotateBundle = join(root, 'dist/rotate/index.mjs')

/** What any function has to load that reads a secret and a parameter, and does nothing else. */
const twoClients = `
  import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager'
  import { SSMClient } from '@aws-sdk/client-ssm'
  export const clients = [new SecretsManagerClient({}), new SSMClient({})]
  export const handler = async () => {}
`

/** The same two at work, once each. */
const twoClientsAtWork = `
  import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager'
  import { GetParameterCommand, SSMClient } from '@aws-sdk/client-ssm'
  const [secrets, parameters] = [new SecretsManagerClient({}), new SSMClient({})]
  export const handler = async ({ SecretId, Name }) => {
    await secrets.send(new GetSecretValueCommand({ SecretId }))
    await parameters.send(new GetParameterCommand({ Name }))
  }
`

export interface Bundle {
  readonly contents: Uint8Array
  /** Package, or `lambdas` for our own files → bytes of it, the largest first. */
  readonly weights: ReadonlyMap<string, number>
}

export interface Bundles {
  readonly rotate: Bundle
  /** The two AWS clients alone. */
  readonly baseline: Bundle
  /** Those with a handler that calls each once. */
  readonly working: Bundle
}

/** Builds both, the two clients as anybody would. Throws if dist/rotate is of other sources. */
export async function buildBoth(): Promise<Bundles> {
  const plainly = (contents: string) =>
    bundleOf({ ...plainBundling, stdin: { contents, resolveDir: root, loader: 'js' } })
  const [rotate, baseline, working, deployed] = await Promise.all([
    bundleOf({ ...functions, entryPoints: ['lambdas/rotate.ts'] }),
    plainly(twoClients),
    plainly(twoClientsAtWork),
    readFile(rotateBundle),
  ])
  if (deployed.equals(rotate.contents)) return { rotate, baseline, working }
  throw new Error(
    'dist/rotate is not what the options of this benchmark make of lambdas/: npm run build first',
  )
}

async function bundleOf(options: BuildOptions & { write: false }): Promise<Bundle> {
  const { outputFiles, metafile } = await build({ ...options, metafile: true, outdir: 'dist' })
  const [file] = outputFiles
  if (file === undefined) throw new Error('esbuild made no bundle')
  return { contents: file.contents, weights: weightsOf(metafile) }
}

function weightsOf({ outputs }: Metafile): ReadonlyMap<string, number> {
  const weights = new Map<string, number>()
  for (const { inputs } of Object.values(outputs)) {
    for (const [path, { bytesInOutput }] of Object.entries(inputs)) {
      const name = packageOf(path)
      weights.set(name, (weights.get(name) ?? 0) + bytesInOutput)
    }
  }
  return new Map([...weights].toSorted(([, a], [, b]) => b - a))
}

function packageOf(path: string): string {
  return /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1] ?? path.split('/')[0] ?? path
}
