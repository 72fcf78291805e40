import type { Log, LogFields } from '../lambdas/ports/log.ts'
import { paced } from '../lambdas/ports/pace.ts'
import { type ScheduleGroup, scheduleGroupOf } from '../lambdas/ports/schedule-group.ts'
import { type Schedules, schedulesOf } from '../lambdas/ports/scheduler.ts'
import { type DescribedSecret, secretStore } from '../lambdas/ports/secrets-manager.ts'
import { minuteMs, type Time, timeOf } from '../lambdas/ports/time.ts'
import type { OperationOpening } from '../lambdas/operations/operation.ts'
import { assertReachable, type AwsClients, awsClients } from './aws.ts'
import type { Given } from './options.ts'
import { type Confirm, confirmOf } from './confirm.ts'
import { type Deployment, deploymentOf } from './deployment.ts'
import { harmless, type Look, lookOf } from './output.ts'

/** The process, as far as commands may touch it; a test has one of its own. */
export interface Process {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly stdin: NodeJS.ReadableStream & { readonly isTTY?: boolean }
  readonly stdout: NodeJS.WritableStream & { readonly isTTY?: boolean; readonly columns?: number }
  readonly stderr: NodeJS.WritableStream & { readonly isTTY?: boolean; readonly columns?: number }
}

/** What a command works with. */
export interface Context {
  readonly clients: AwsClients
  readonly time: Time
  /** Told to standard error with `--verbose`, else to nobody. */
  readonly log: Log
  /** One line of progress on standard error. */
  readonly progress: (line: string) => void
  readonly confirm: Confirm
  readonly process: Process
  /** How standard error is written to. */
  readonly look: Look
  /** `--json`: who reads is a program. */
  readonly isJson: boolean
  /** Asked for once. */
  readonly deployment: () => Promise<Deployment>
  /** The schedules that end graces, where they can be written. */
  readonly schedules: () => Promise<Schedules | undefined>
  readonly group: () => Promise<ScheduleGroup>
}

/**
 * What a command waits for before it gives one call up: as long as Dfns counts requests. However many secrets
 * there are, a command goes on; a change, though, has no more time than a function would have. Milliseconds.
 */
const patienceMs = minuteMs
const changeMs = 15 * minuteMs

/** Requests to Dfns a minute: as many as the audit function allows itself. */
const perMinute = 600

export async function contextOf(of: { given: Given; process: Process; isLocal: boolean }): Promise<Context> {
  const { given, process, isLocal } = of
  const { env, stderr } = process
  const time = paced({ time: { ...timeOf({}), remaining: () => patienceMs }, perMinute })
  const clients = awsClients({
    profile: given.text('profile'),
    region: given.text('region'),
    endpointUrl: given.text('endpoint-url'),
  })
  if (!isLocal) await assertReachable(clients)
  const client = clients.scheduler
  const policy = given.text('policy')
  const prefix = given.text('name-prefix') ?? 'dfns-rotator'
  const deployment = once(() => deploymentOf({ clients, prefix, policy, env, time }))
  const progress = (line: string) => void stderr.write(`${harmless(line)}\n`)
  return {
    clients,
    time,
    log: given.flag('verbose') ? printing(progress) : silent,
    progress,
    confirm: confirmOf({ input: process.stdin, output: stderr, isSure: given.flag('yes') }),
    process,
    look: lookOf({ stream: stderr, env }),
    isJson: given.flag('json'),
    deployment,
    schedules: async () => {
      const { retirements: target } = await deployment()
      return target && schedulesOf({ client, target, time })
    },
    group: async () => scheduleGroupOf({ client, group: (await deployment()).group, time }),
  }
}

/** The secret of that name or ARN. */
export async function describe(context: Context, secretId: string): Promise<DescribedSecret> {
  const { clients, time } = context
  return secretStore({ client: clients.secretsManager, secretId, time }).describeSecret()
}

/**
 * What the ways back in `lambdas/operations/` are opened with. A change's time begins now: what comes after a
 * question, or a wait, has one of its own.
 */
export async function operationOn(context: Context, secretArn: string): Promise<OperationOpening> {
  const { clients, log } = context
  const end = context.time.now() + changeMs
  const time = { ...context.time, remaining: () => Math.max(0, end - context.time.now()) }
  const [deployment, schedules, group] = await Promise.all([
    context.deployment(),
    context.schedules(),
    context.group(),
  ])
  return { secretArn, clients, policyName: deployment.policyName, time, log, schedules, group }
}

const silent: Log = { info: () => {}, warn: () => {}, error: () => {} }

function printing(progress: (line: string) => void): Log {
  const line =
    (level: string) =>
    (event: string, fields: LogFields = {}) => {
      const told = Object.entries(fields).flatMap(([name, value]) =>
        value === undefined ? [] : [`${name}=${JSON.stringify(value)}`],
      )
      progress(`${level}: ${[event, ...told].join(' ')}`)
    }
  return { info: line('info'), warn: line('warning'), error: line('error') }
}

function once<T>(ask: () => Promise<T>): () => Promise<T> {
  let asked: Promise<T> | undefined
  return () => (asked ??= ask())
}
