import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, beforeAll, expect } from 'vitest'
import type { InvocationResult } from '../../sandbox/lambda/invocation.ts'
import { guideWorld, openScene, type Scene, type SceneOptions } from '../../sandbox/scene.ts'
import { closeScene } from '../support/scene.ts'

const fixture = new URL('../blackbox/fixtures/record-connections.mjs', import.meta.url)
const recordConnections = `--import=${fileURLToPath(fixture)}`

/** CloudWatch cuts a longer event in two, and then neither half is JSON. Bytes. */
const longestLine = 262_144

/** What an attacker owns: a server that waits for whoever is sent there. */
export interface Trap {
  readonly url: string
  readonly hits: string[]
  /** What it answers with; an empty object unless told otherwise. */
  answer: RequestListener
}

/** The deployed bundles in processes of their own, in one scene for all attacks of a file. */
export interface Arena {
  readonly scene: Scene
  readonly trap: Trap
}

type Options = Omit<SceneOptions, 'policy' | 'functionEnv'> & {
  /** The policy; the trap is not allowed unless it says so. */
  readonly policy?: (urls: { dfns: string; trap: string }) => object
}

const sandboxPolicy = ({ dfns }: { dfns: string }) => ({
  allowedBaseUrls: [dfns],
  grace: { default: 'PT1H', adopted: 'PT1H' },
})

/**
 * Opens an arena before the attacks of a file. After them all that was printed is searched for every secret,
 * has to be lines of JSON, and no process may have connected to anybody but the sandbox and whom `mayAsk` names.
 */
export function arena(
  { policy = sandboxPolicy, ...options }: Options = {},
  mayAsk: 'trap' | 'nobody' = 'nobody',
) {
  let opened: Arena | undefined
  beforeAll(async () => {
    const trap = await openTrap()
    const scene = await openScene({
      dfnsSwitches: guideWorld,
      ...options,
      policy: (dfns) => JSON.stringify(policy({ dfns, trap: trap.url })),
      functionEnv: { NODE_OPTIONS: recordConnections },
    })
    opened = { scene, trap }
  })
  afterAll(async () => {
    const { scene, trap } = current()
    await scene.sandbox.engine.settled()
    await closeScene(scene)
    expect(foreignTo({ scene, allowed: mayAsk === 'trap' ? [trap.url] : [] })).toEqual([])
    if (mayAsk === 'nobody') expect(trap.hits).toEqual([])
    for (const { output } of scene.sandbox.bundled.values()) for (const line of output) isOneLine(line)
  })
  // Failed rotations would be tried again while other attacks let time pass, and audits look at everything.
  afterEach(async () => {
    const { scene } = current()
    const { engine, vault, scheduler } = scene.sandbox
    await engine.settled()
    for (const { arn: SecretId } of vault.list())
      await scene.secretsManager('DeleteSecret', { SecretId, ForceDeleteWithoutRecovery: true })
    for (const schedule of scheduler.list()) scheduler.delete(schedule)
  })
  const current = (): Arena => {
    if (opened === undefined) throw new Error('the arena is not open')
    return opened
  }
  return current
}

async function openTrap(): Promise<Trap> {
  const hits: string[] = []
  const trap = { url: '', hits, answer: ((_request, response) => void response.end('{}')) as RequestListener }
  const server = createServer((request, response) => {
    hits.push(`${request.method} ${request.url}`)
    trap.answer(request, response)
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  afterAll(() => {
    server.closeAllConnections()
    server.close()
  })
  trap.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return trap
}

/** Whom the functions' processes connected to, though nobody allowed it. */
function foreignTo({ scene, allowed }: { scene: Scene; allowed: readonly string[] }): string[] {
  const hosts = [...Object.values(scene.sandbox.urls), ...allowed].map((url) => new URL(url).host)
  const printed = [...scene.sandbox.bundled.values()].flatMap(({ output }) => output)
  const connected = printed.flatMap((line) =>
    line.startsWith('{"connects"') ? [(JSON.parse(line) as { connects: string }).connects] : [],
  )
  expect(connected.length).toBeGreaterThan(0)
  return connected.filter((host) => !hosts.includes(host))
}

/** A line of a log: one JSON object, of a size that CloudWatch does not cut. */
export function isOneLine(line: string): void {
  expect(JSON.parse(line)).toBeTypeOf('object')
  expect(Buffer.byteLength(line)).toBeLessThan(longestLine)
}

type FunctionName = 'rotate' | 'retire' | 'audit'

/** Invokes a function at once, with whatever it is given, and returns what it printed beside its result. */
export async function invoke(
  { scene }: Pick<Arena, 'scene'>,
  name: FunctionName,
  event: unknown,
): Promise<{ result: InvocationResult; log: readonly Readonly<Record<string, unknown>>[] }> {
  const target = scene.sandbox.bundled.get(scene[`${name === 'rotate' ? 'function' : name}Arn`])
  if (target === undefined) throw new Error(`there is no function ${name}`)
  const start = target.output.length
  const result = await target.invoke(event)
  const log = target.output
    .slice(start)
    .map((line) => JSON.parse(line) as Record<string, unknown>)
    .filter((line) => !('connects' in line))
  return { result, log }
}

/** The code that an invocation ended with; `done` if it did. */
export const codeOf = (result: InvocationResult): string => (result.ok ? 'done' : result.errorType)

/** The code of the last step of a rotation that is started now. */
export async function rotationOf({ scene }: Pick<Arena, 'scene'>, secretArn: string): Promise<string> {
  const { items } = scene.sandbox.engine.progress
  await scene.rotate(secretArn)
  const last = items.findLast((item) => item.type === 'step-ended' && item.secretArn === secretArn)
  if (last?.type !== 'step-ended') throw new Error('no step was run')
  return last.ok ? 'done' : last.errorType
}

const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')

/** A token that Dfns never issued: anybody can write what it says, for the price of no signature. */
export function tokenSaying(says: { orgId: string; userId?: string; jti?: string; exp: number }): string {
  const { exp, jti, ...claims } = says
  return `${part({ alg: 'none' })}.${part({ exp, jti, 'https://custom/app_metadata': claims })}.`
}

/** Puts AWSCURRENT with some fields changed, as whoever may write nothing but this secret's value. */
export async function put(of: {
  scene: Scene
  arn: string
  change: object
  labels?: readonly string[]
  token?: string
}): Promise<string> {
  const { scene, arn: SecretId, change, labels, token: ClientRequestToken = randomUUID() } = of
  const SecretString = JSON.stringify({ ...(await scene.documentOf(SecretId, 'AWSCURRENT')), ...change })
  const stages = labels === undefined ? {} : { VersionStages: labels }
  await scene.secretsManager('PutSecretValue', { SecretId, ClientRequestToken, SecretString, ...stages })
  return ClientRequestToken
}

/** An AWSPENDING without a value, as Secrets Manager attaches it before it invokes createSecret. */
export function stagePending({ scene, arn }: { scene: Scene; arn: string }): string {
  const { vault } = scene.sandbox
  const token = randomUUID()
  vault.put({ secret: vault.find(arn), token, labels: ['AWSPENDING'] })
  return token
}
