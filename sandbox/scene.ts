import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { type AccountDocument, type Administrator, administratorOf } from './administrator.ts'
import { type Clock, createClock } from './clock.ts'
import { type KeyHolder, signingStatus } from './dfns/client.ts'
import { createDfnsHandler } from './dfns/handler.ts'
import { createDfns, type Dfns, type Issued } from './dfns/organisation.ts'
import { type Switches, selfRotation } from './dfns/switches.ts'
import { deliverToLoopback } from './dfns/webhook-loopback.ts'
import type { InvocationResult } from './lambda/invocation.ts'
import { type AddedFunction, type Sandbox, type SandboxOptions, startSandbox } from './sandbox.ts'
import { settingsOf } from './scheduler/validation.ts'

export type { AccountDocument } from './administrator.ts'

/**
 * The world of Dfns's rotation guide: a service account may rotate its own key, and its token outlives the
 * key.
 */
export const guideWorld = {
  selfRotation: selfRotation.allAllowed,
  tokenDiesWithItsCredential: false,
} as const satisfies Partial<Switches>

type FunctionName = 'rotate' | 'retire' | 'audit'

/** A built function, the very file that is deployed. */
const bundle = (name: FunctionName) => fileURLToPath(new URL(`../dist/${name}/index.mjs`, import.meta.url))

/** A sandbox with everything that a rotation needs, and somebody to act in it. */
export interface Scene extends Administrator {
  readonly sandbox: Sandbox
  readonly dfns: Dfns
  readonly clock: Clock
  /** ARN of the rotate function. */
  readonly functionArn: string
  /** ARN of the retire function, unless the scene has no scheduler. */
  readonly retireArn: string
  /** ARN of the audit function. */
  readonly auditArn: string
  /** Invokes the audit function, with `{}` as its daily schedule does unless told otherwise. */
  audit(event?: object): Promise<InvocationResult>
  /** A service account with a new key, and the document that a secret holds of it. */
  openAccount(account: { orgId: string; name: string; algorithm?: AccountAlgorithm }): Account
  /** The status that Dfns answers when this key signs: 200 if it is accepted. */
  signingStatus(holder: KeyHolder): Promise<number>
}

export interface Account extends Issued {
  readonly document: AccountDocument
}

const generators = {
  Ed25519: () => generateKeyPairSync('ed25519'),
  'P-256': () => generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  secp256k1: () => generateKeyPairSync('ec', { namedCurve: 'secp256k1' }),
  'RSA-2048': () => generateKeyPairSync('rsa', { modulusLength: 2048 }),
  'RSA-3072': () => generateKeyPairSync('rsa', { modulusLength: 3072 }),
} as const satisfies Record<string, () => { publicKey: KeyObject; privateKey: KeyObject }>

export type AccountAlgorithm = keyof typeof generators

/** A new key pair: SPKI and PKCS#8 PEM. */
export function newKey(algorithm: AccountAlgorithm = 'Ed25519'): { publicKey: string; privateKey: string } {
  const { publicKey, privateKey } = generators[algorithm]()
  return {
    publicKey: String(publicKey.export({ type: 'spki', format: 'pem' })),
    privateKey: String(privateKey.export({ type: 'pkcs8', format: 'pem' })),
  }
}

export interface SceneOptions
  extends Pick<
    SandboxOptions,
    'engineSwitches' | 'vaultSwitches' | 'schedulerSwitches' | 'asyncSwitches' | 'ports' | 'host'
  > {
  /** 2026-01-05T00:00:00Z unless told otherwise. */
  readonly start?: Date
  /** Of every organisation; on top of the pessimistic ones. */
  readonly dfnsSwitches?: Partial<Switches>
  /** Whether there is a scheduler, without which every grace but PT0S is refused; there is by default. */
  readonly scheduler?: boolean
  /** Whether a schedule invokes audit every day, the first time at once; there is none by default. */
  readonly auditsDaily?: boolean
  /** Milliseconds that an audit may take; Lambda's 15 minutes unless told otherwise. */
  readonly auditTimeoutMs?: number
  /** The policy's text in Parameter Store; unless given it allows the sandbox's own Dfns and grace PT0S. */
  readonly policy?: (dfnsUrl: string) => string
  /** More environment of the function. */
  readonly functionEnv?: Readonly<Record<string, string>>
  /** Hears what the function prints. */
  readonly onOutput?: (line: string) => void
}

const policyName = '/dfns-rotator/policy'
const scheduleGroup = 'dfns-rotator'
const ofAccount = 'eu-west-1:000000000000'

/** Undelivered schedules and retirements that failed for good. */
export const deadLetterArn = `arn:aws:sqs:${ofAccount}:dfns-rotator-dead-letters`

const arnOf = (name: FunctionName) => `arn:aws:lambda:${ofAccount}:function:dfns-rotator-${name}`
const schedulerRoleArn = 'arn:aws:iam::000000000000:role/dfns-rotator-scheduler'

const schedulerEnv = {
  DFNS_ROTATOR_RETIRE_ARN: arnOf('retire'),
  DFNS_ROTATOR_SCHEDULER_ROLE_ARN: schedulerRoleArn,
  DFNS_ROTATOR_SCHEDULE_GROUP: scheduleGroup,
  DFNS_ROTATOR_DEAD_LETTER_ARN: deadLetterArn,
}

const sandboxPolicy = (dfnsUrl: string) =>
  JSON.stringify({ allowedBaseUrls: [dfnsUrl], grace: { default: 'PT0S', adopted: 'PT0S' } })

/** What the functions know of each other. */
const deployedEnv = {
  DFNS_ROTATOR_POLICY: policyName,
  DFNS_ROTATOR_ROTATE_ARN: arnOf('rotate'),
  DFNS_ROTATOR_AUDIT_ARN: arnOf('audit'),
}

/** Starts a sandbox with a Dfns simulator, a policy, and the functions as they are built. */
export async function openScene(options: SceneOptions = {}): Promise<Scene> {
  const {
    start,
    dfnsSwitches = {},
    policy = sandboxPolicy,
    functionEnv,
    scheduler = true,
    auditsDaily = false,
    auditTimeoutMs = 900_000,
    onOutput,
    ...rest
  } = options
  const clock = createClock(start && { start })
  const dfns = createDfns({ clock, switches: dfnsSwitches, deliver: deliverToLoopback() })
  const handle = createDfnsHandler(dfns)
  const sandbox = await startSandbox({ ...rest, clock, dfns: handle, scheduleGroups: [scheduleGroup] })
  const { urls, parameters } = sandbox
  parameters.put({ name: policyName, value: policy(urls.dfns), type: 'String', overwrite: true })
  const env = { ...deployedEnv, ...(scheduler && schedulerEnv), ...functionEnv }
  const add = (name: FunctionName, more: Partial<AddedFunction> = {}) =>
    sandbox.addFunction({
      name: `dfns-rotator-${name}`,
      bundle: bundle(name),
      env,
      onFailure: deadLetterArn,
      ...(onOutput !== undefined && { onOutput }),
      ...more,
    })
  const functionArn = add('rotate')
  const retireArn = add('retire')
  const auditArn = add('audit', { timeoutMs: auditTimeoutMs })
  if (auditsDaily) scheduleDaily(sandbox)
  return {
    ...administratorOf({ sandbox, functionArn }),
    sandbox,
    dfns,
    clock,
    functionArn,
    retireArn,
    auditArn,
    audit: (event = {}) => invokeAudit({ sandbox, event }),
    openAccount: (account) => openAccount({ dfns, baseUrl: urls.dfns, ...account }),
    signingStatus: (holder) => signingStatus({ handle, holder }),
  }
}

async function invokeAudit(of: { sandbox: Sandbox; event: object }): Promise<InvocationResult> {
  const target = of.sandbox.bundled.get(arnOf('audit'))
  if (target === undefined) throw new Error('there is no audit function')
  return target.invoke(of.event)
}

function scheduleDaily({ scheduler }: Sandbox): void {
  const settings = settingsOf({
    ScheduleExpression: 'rate(1 day)',
    FlexibleTimeWindow: { Mode: 'OFF' },
    Target: {
      Arn: arnOf('audit'),
      RoleArn: schedulerRoleArn,
      Input: '{}',
      DeadLetterConfig: { Arn: deadLetterArn },
    },
  })
  scheduler.create({ group: scheduleGroup, name: 'dfns-rotator-audit-daily', settings })
}

function openAccount(account: {
  dfns: Dfns
  baseUrl: string
  orgId: string
  name: string
  algorithm?: AccountAlgorithm
}): Account {
  const { dfns, baseUrl, orgId, name, algorithm } = account
  const { publicKey, privateKey } = newKey(algorithm)
  const issued = dfns.createServiceAccount({ orgId, name, publicKey })
  const { authToken, credId } = issued
  return { ...issued, document: { kind: 'ServiceAccountKey', baseUrl, orgId, authToken, credId, privateKey } }
}
