import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { guideWorld, newKey, openScene, type Scene } from '../../sandbox/scene.ts'

const hourMs = 3_600_000

/** What an audit of a fleet took, in one invocation or several. */
export interface AuditFigures {
  readonly secrets: number
  readonly invocations: number
  /** By service. */
  readonly calls: Readonly<Record<'secretsmanager' | 'ssm' | 'scheduler' | 'dfns', number>>
  /** Of real time, without the waiting for Dfns's rate limit. */
  readonly workMs: number
  /** What it would take on a clock that does not jump. */
  readonly wholeMs: number
  /** Of the process, most of it Node.js. */
  readonly peakMiB: number
  /** `type name-of-the-secret`, in order. */
  readonly findings: readonly string[]
}

interface Asked {
  readonly secrets: number
  /** The function's time; with less than 15 minutes it has to go on again and again. */
  readonly timeoutMs?: number
}

/** Audits so many secrets with the function as it is built, from `{}` until nothing is left. */
export async function measureAudit({ secrets, timeoutMs = 900_000 }: Asked): Promise<AuditFigures> {
  const folder = mkdtempSync(join(tmpdir(), 'audit-'))
  const memoryFile = join(folder, 'memory')
  const scene = await openScene({
    dfnsSwitches: { ...guideWorld, listLag: 0, acceptanceLag: 0, rateLimit: 1_000_000 },
    auditTimeoutMs: timeoutMs,
    functionEnv: { NODE_OPTIONS: `--import=${jumpingClock}`, BENCH_MEMORY_FILE: memoryFile },
  })
  try {
    fill({ scene, secrets })
    return { secrets, ...(await run(scene)), peakMiB: Number(readFileSync(memoryFile, 'utf8')) / 1024 }
  } finally {
    await scene.sandbox.stop()
    rmSync(folder, { recursive: true })
  }
}

const jumpingClock = new URL('./jumping-clock.ts', import.meta.url).href

/** Every fiftieth has a stranger's key beside its own, every hundredth a document that is none. */
function fill({ scene, secrets }: { scene: Scene; secrets: number }): void {
  const { dfns, clock, functionArn, sandbox } = scene
  const { orgId } = dfns.createOrganisation()
  for (let index = 0; index < secrets; index++) {
    const name = `fleet/${String(index).padStart(5, '0')}`
    const { document, userId } = scene.openAccount({ orgId, name })
    if (index % 50 === 1) dfns.addCredential({ userId, name: 'laptop', publicKey: newKey().publicKey })
    const secret = sandbox.vault.create({ name })
    const rules = { AutomaticallyAfterDays: 30 }
    const nextRotationAt = clock.now() + 24 * hourMs
    secret.rotation = { enabled: true, lambdaArn: functionArn, rules, nextRotationAt }
    const SecretString = index % 100 === 2 ? '{}' : JSON.stringify(document)
    const version = { token: crypto.randomUUID(), labels: ['AWSCURRENT'], value: { SecretString } }
    sandbox.vault.put({ secret, ...version })
  }
}

async function run(scene: Scene): Promise<Omit<AuditFigures, 'secrets' | 'peakMiB'>> {
  const { sandbox, clock } = scene
  const output = sandbox.bundled.get(scene.auditArn)?.output ?? []
  const done = () =>
    output.filter((line) => line.includes('"audit done"')).map((line) => JSON.parse(line) as Done)
  const start = performance.now()
  const began = clock.now()
  const result = await scene.audit()
  if (!result.ok) throw new Error(`${result.errorType}: ${result.errorMessage}`)
  // Its own schedule brings the next invocation about.
  for (let left = 1_000; done().at(-1)?.isComplete !== true; left--) {
    if (left === 0) throw new Error('the audit does not come to its end')
    await clock.advance(60_000)
  }
  const workMs = performance.now() - start
  const ends = done()
  const wholeMs = ends.length === 1 ? Date.parse(ends[0]?.timestamp ?? '') - began : clock.now() - began
  return {
    invocations: ends.length,
    calls: callsOf(scene),
    workMs,
    wholeMs,
    findings: findingsIn({ scene, output }),
  }
}

interface Done {
  readonly timestamp: string
  readonly isComplete: boolean
}

function callsOf({ sandbox }: Scene): AuditFigures['calls'] {
  const count = (service: string) =>
    sandbox.wire.calls.filter(({ request }) => request.service === service).length
  return {
    secretsmanager: count('secretsmanager'),
    ssm: count('ssm'),
    scheduler: count('scheduler'),
    dfns: count('dfns'),
  }
}

function findingsIn({ scene, output }: { scene: Scene; output: readonly string[] }): readonly string[] {
  const found = output.filter((line) => line.includes('"message":"finding"'))
  return found
    .map((line) => {
      const { type, secretId } = JSON.parse(line) as { type: string; secretId: string }
      return `${type} ${scene.sandbox.vault.find(secretId).name}`
    })
    .toSorted()
}
