import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ways } from '../../sandbox/demo/subjects.ts'
import { openScene } from '../../sandbox/scene.ts'
import { type Host, host, hostBuilt, type Usage } from './host.ts'

/** What each process has used when it has done its work for the first time. */
export type Memory = Readonly<Record<'rotate' | 'retire' | 'audit' | 'clients' | 'nothing', Usage>>

const hourMs = 3_600_000
const nothing = 'export const handler = async () => {}'

/**
 * A rotation of a service account's key, its retirement and an audit, each in a new process of the same
 * runtime; beside them a function that reads that secret and the policy with the two AWS clients, and one
 * that does nothing.
 *
 * @param clients - the bundle of that function
 */
export async function measureMemory({ clients }: { clients: Uint8Array }): Promise<Memory> {
  const folder = await mkdtemp(join(tmpdir(), 'dfns-rotator-memory-'))
  const scene = await openScene()
  const { sandbox, functionArn, retireArn, auditArn } = scene
  const built = (arn: string) => hostBuilt({ sandbox, arn })
  const functions = { rotate: built(functionArn), retire: built(retireArn), audit: built(auditArn) }
  const put = async (name: string, contents: Uint8Array | string) => {
    const bundle = join(folder, `${name}.mjs`)
    await writeFile(bundle, contents)
    return host({ sandbox, name, bundle })
  }
  const all = {
    ...functions,
    clients: await put('clients', clients),
    nothing: await put('nothing', nothing),
  }
  try {
    const subject = await ways[0]?.open(scene, { listLag: 0, acceptanceLag: 0 })
    const document = subject?.document ?? {}
    const tags = { 'dfns-rotator:grace': 'PT26H' }
    const secretArn = await scene.keepSecret({ name: 'prod/dfns', document, tags })
    await scene.rotate(secretArn)
    await scene.clock.advance(27 * hourMs)
    await done(all.audit, {})
    await done(all.clients, { SecretId: secretArn, Name: '/dfns-rotator/policy' })
    await done(all.nothing, {})
    return Object.fromEntries(Object.entries(all).map(([name, one]) => [name, one.usage()])) as Memory
  } finally {
    await Promise.all(Object.values(all).map((one) => one.stop()))
    await sandbox.stop()
    await rm(folder, { recursive: true, force: true })
  }
}

async function done(target: Host, event: object): Promise<void> {
  const result = await target.invoke(event)
  if (!result.ok) throw new Error(`${target.arn}: ${result.errorType}: ${result.errorMessage}`)
}
