import { isCode } from '../../lambdas/errors.ts'
import { type Schedules, schedulesOf } from '../../lambdas/ports/scheduler.ts'
import { anySecrets, type Command, outcome } from '../command.ts'
import { type Context, describe } from '../context.ts'
import { deploymentFindings } from '../doctor/deployment.ts'
import { type Examined, examine, heldBy, missing } from '../doctor/secret.ts'
import { exitCodes } from '../exit-codes.ts'
import { type Finding, findingLines, isWarning } from '../findings.ts'
import { holdersAmong } from '../holders.ts'
import { batchesOf, lookAt } from '../looking.ts'
import type { Look } from '../output.ts'

/** Finds what would stop a rotation, before anything is changed. */
export const doctor: Command = {
  name: 'doctor',
  summary: 'Finds what is wrong with secrets and deployment, before a rotation does',
  operands: anySecrets,
  options: {
    'no-test': { says: 'no test rotation: what the role of the function may is not looked at' },
  },
  about: [
    'Reads, asks Dfns what createSecret asks, by its own code and without effect, and has Secrets Manager ' +
      'run a test rotation (RotateSecret with RotateImmediately=false): testSecret alone, in the real ' +
      'role, on a copy of AWSCURRENT. The configured schedule stays. Its outcome is read from the log of ' +
      'the function. Of a webhook the receiver is sent a ping, which tells of nothing.',
  ],
  examples: ['doctor prod/dfns/payments', 'doctor --no-test', 'doctor --json'],
  async run(context, given) {
    const isTested = !given.flag('no-test')
    const deployment = await deploymentFindings(context)
    // Without a policy that can be read nothing else can be told for certain.
    const secrets = deployment.some(({ type }) => type === 'policy')
      ? []
      : await examined({ context, names: given.operands, isTested })
    const findings = [...deployment, ...secrets.flatMap((one) => one.findings)]
    return outcome({
      result: { deployment, secrets },
      text: textOf,
      exitCode: findings.some(isWarning) ? exitCodes.found : exitCodes.done,
    })
  },
}

async function examined(of: {
  context: Context
  names: readonly string[]
  isTested: boolean
}): Promise<readonly Examined[]> {
  const { context, names, isTested } = of
  const resolved = await Promise.all(names.map((name) => arnOf(context, name)))
  const arns = resolved.flatMap((one) => (typeof one === 'string' ? [one] : []))
  const gone = resolved.flatMap((one) => (typeof one === 'string' ? [] : [one]))
  if (names.length > 0 && arns.length === 0) return gone
  const looking = await lookAt({ context, names: arns, acts: false })
  const schedules = await functionSchedules(context)
  const { looked, managed } = looking
  const holders = await holdersAmong({ context, managed, credentials: looked.flatMap(heldBy) })
  const found: Examined[] = []
  for (const { batch } of batchesOf(looked, atOnce)) {
    for (const { secret } of batch) context.progress(`looking at ${secret.arn}`)
    const examining = { context, looking, holders, schedules, isTested }
    found.push(...(await Promise.all(batch.map((one) => examine({ ...examining, one })))))
  }
  return [...found, ...gone]
}

/** Secrets that are looked at at the same time: each test rotation is an invocation of the function. */
const atOnce = 4

async function arnOf(context: Context, secretId: string): Promise<string | Examined> {
  try {
    return (await describe(context, secretId)).arn
  } catch (error) {
    if (!isCode(error, 'ERR_SECRET_GONE', 'ERR_STORE') || error.retryable) throw error
    return missing({ secretId, code: error.code, reason: error.message })
  }
}

/** Whether the function has a scheduler; where nobody can tell, the test rotation does. Writes nothing. */
async function functionSchedules({ deployment, clients, time }: Context): Promise<Schedules | undefined> {
  const { settings, retirements, group } = await deployment()
  if (settings !== undefined && retirements === undefined) return undefined
  const target = retirements ?? { functionArn: '', roleArn: '', group, deadLetterArn: undefined }
  return schedulesOf({ client: clients.scheduler, target, time })
}

interface Diagnosis {
  readonly deployment: readonly Finding[]
  readonly secrets: readonly Examined[]
}

function textOf({ deployment, secrets }: Diagnosis, look: Look): string {
  const title = look.paint('bold', 'deployment')
  const installed =
    deployment.length === 0 ? [] : [`${title}\n${findingLines({ findings: deployment, look })}`]
  const blocks = [...installed, ...secrets.map((one) => blockOf(one, look))]
  return blocks.length === 0 ? 'There is nothing to look at.' : blocks.join('\n\n')
}

function blockOf({ secretId, findings, testRotation }: Examined, look: Look): string {
  const { outcome: tested, reason } = testRotation
  const mark = findings.some(isWarning) ? look.paint('red', '✗') : look.paint('green', '✓')
  const why = tested === 'not run' && reason !== undefined ? ` (${reason})` : ''
  const head = `${mark} ${look.paint('bold', secretId)}  test rotation: ${tested}${why}`
  return findings.length === 0 ? head : `${head}\n${findingLines({ findings, look })}`
}
