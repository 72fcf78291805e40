import type { Vault } from '../../sandbox/secrets-manager/vault.ts'
import type { WireRequest } from '../../sandbox/wire.ts'

// What IAM would have been asked, as far as its answer depends on it: of thousands of schedules some forty lines stay.

const inHere = 'eu-west-1:000000000000'
const secretNamed = (name: string) => `arn:aws:secretsmanager:${inHere}:secret:prod/dfns/${name}`

/** Stands for every secret that is rotated. */
export const anyManaged = secretNamed('managed-AbCdEf')
/** Stands for every secret that is not, and signs for one that is. */
export const anySigner = secretNamed('signer-GhIjKl')

/** Who acts: a function, EventBridge Scheduler for it, or a person who runs a command. */
export const callers = ['rotate', 'retire', 'audit', 'scheduler', 'people'] as const
export type Caller = (typeof callers)[number]

/** One thing that is asked of IAM: `<caller> <action> <resource>`, and condition keys as `<key>=<value>`. */
export type AskedLine = `${Caller} ${string}`

const seen = new Set<AskedLine>()

/** All that was asked in this thread so far. */
export const askedSoFar = (): readonly AskedLine[] => [...seen].toSorted()

/** Keeps what one call would ask. `by` is the ARN or name of a function; anybody else is a person. */
export function noteAsked({ by, request, vault }: { by: string; request: WireRequest; vault: Vault }): void {
  if (request.service === 'dfns') return
  const caller = callerOf(by)
  if (request.service === 'secretsmanager') seen.add(`${caller} ${ofSecret({ request, vault })}`)
  else for (const line of ofOthers({ caller, request })) seen.add(line)
}

const functionName = /dfns-rotator-(rotate|retire|audit)$/
const callerOf = (by: string) => (functionName.exec(by)?.[1] ?? 'people') as Caller

interface Body {
  readonly SecretId?: string
  readonly VersionStage?: string
  readonly Name?: string
  readonly GroupName?: string
  readonly Target?: {
    readonly Arn: string
    readonly RoleArn: string
    readonly DeadLetterConfig?: { readonly Arn: string }
  }
}

const bodyOf = ({ body }: WireRequest) => (body === '' ? {} : JSON.parse(body)) as Body

function ofSecret({ request, vault }: { request: WireRequest; vault: Vault }): string {
  const { SecretId, VersionStage } = bodyOf(request)
  const resource = SecretId === undefined ? '*' : classOf({ arn: SecretId, vault })
  const stage = VersionStage === undefined ? '' : ` secretsmanager:VersionStage=${VersionStage}`
  return `${request.service}:${request.operation} ${resource}${stage}`
}

/** Anything but the whole ARN of a secret stays as it is: no role allows it. */
function classOf({ arn, vault }: { arn: string; vault: Vault }): string {
  const secret = vault.lookUp(arn)
  if (secret?.arn !== arn) return arn
  return secret.rotation === undefined ? anySigner : anyManaged
}

function ofOthers({ caller, request }: { caller: Caller; request: WireRequest }): AskedLine[] {
  const { service, operation, path } = request
  const { Name, GroupName, Target } = bodyOf(request)
  const action = `${caller} ${service}:${operation}` as const
  // Service Authorization Reference: it knows no resources.
  if (operation === 'ListSchedules') return [`${action} *`]
  if (service === 'ssm') return [`${action} arn:aws:ssm:${inHere}:parameter${Name}`]
  const group = GroupName ?? new URLSearchParams(path.split('?')[1]).get('groupName')
  const schedule = `${action} arn:aws:scheduler:${inHere}:schedule/${group}/any` as const
  if (Target === undefined) return [schedule]
  const { Arn, RoleArn, DeadLetterConfig } = Target
  return [
    schedule,
    `${caller} iam:PassRole ${RoleArn} iam:PassedToService=scheduler.amazonaws.com`,
    `scheduler lambda:InvokeFunction ${Arn}`,
    ...(DeadLetterConfig ? ([`scheduler sqs:SendMessage ${DeadLetterConfig.Arn}`] as const) : []),
  ]
}
