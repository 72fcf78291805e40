import { type Clock, createClock } from '../../sandbox/clock.ts'
import type { InvocationResult, LambdaFunction } from '../../sandbox/lambda/invocation.ts'
import type { EngineSwitches, RotationRequest, Step } from '../../sandbox/secrets-manager/engine-state.ts'
import { createSecretsManagerHandler } from '../../sandbox/secrets-manager/handler.ts'
import { createEngine, type Engine } from '../../sandbox/secrets-manager/rotation.ts'
import type { VaultSwitches } from '../../sandbox/secrets-manager/secret.ts'
import { createVault, type Vault } from '../../sandbox/secrets-manager/vault.ts'

export const ARN = 'arn:aws:lambda:eu-west-1:000000000000:function:rotate'
export const MINUTE = 60_000
export const HOUR = 60 * MINUTE
export const DAY = 24 * HOUR

/** A version id that is long enough: `version(1)` reads v1. */
export const version = (n: number) => `v${n}`.padEnd(32, '-')

export type Reply = Readonly<Record<string, unknown>>

/** Secrets Manager without sockets, and a function that may be scripted step by step. */
export interface World {
  readonly clock: Clock
  readonly vault: Vault
  readonly engine: Engine
  readonly functions: Map<string, LambdaFunction>
  /** The events that the function was invoked with. */
  readonly invocations: RotationRequest[]
  /** What a step does in place of the usual. */
  readonly script: Partial<Record<Step, (event: RotationRequest) => void | Promise<void>>>
  /** The reply of an operation; an error is thrown as `{ status, code, header, message }`. */
  call(operation: string, input?: object): Reply
  /** Creates the secret `demo` with v1 as AWSCURRENT. */
  createDemo(): string
  rotate(input?: object): Reply
  labels(): Record<string, string[]>
  eventNames(): string[]
  /** The usual step. */
  perform(event: RotationRequest): void
}

export class CallError extends Error {
  readonly code: string
  readonly status: number
  readonly header: string

  constructor(error: { code: string; status: number; header: string; message: string }) {
    super(error.message)
    this.code = error.code
    this.status = error.status
    this.header = error.header
  }
}

/** A reply's field that has to be a string. */
export function stringOf(reply: Reply, field: string): string {
  const value = reply[field]
  if (typeof value !== 'string') throw new TypeError(`${field} is not a string`)
  return value
}

/** Runs `act` and hands back the service error that it has to throw. */
export function errorOf(act: () => unknown): CallError {
  try {
    act()
  } catch (error) {
    if (error instanceof CallError) return error
    throw error
  }
  throw new Error('no error was thrown')
}

function asReply(text: string): Reply {
  const value: unknown = JSON.parse(text)
  return typeof value === 'object' && value !== null ? { ...value } : {}
}

function createCall(parts: { clock: Clock; vault: Vault; engine: Engine }): World['call'] {
  const handler = createSecretsManagerHandler(parts)
  return (operation, input = {}) => {
    const request = { service: 'secretsmanager', operation, method: 'POST', path: '/', headers: {} } as const
    const reply = handler({ ...request, body: JSON.stringify(input) })
    if (reply instanceof Promise) throw new TypeError('the handler is synchronous')
    const body = asReply(reply.body)
    if (reply.status === 200) return body
    const header = reply.headers?.['x-amzn-errortype'] ?? ''
    throw new CallError({
      code: stringOf(body, '__type'),
      status: reply.status,
      header,
      message: stringOf(body, 'message'),
    })
  }
}

function createPerform(call: World['call']): World['perform'] {
  return ({ Step: step, SecretId, ClientRequestToken: token = '', RotationToken }) => {
    if (step === 'createSecret') {
      const SecretString = `made for ${token}`
      const stages = { VersionStages: ['AWSPENDING'] }
      call('PutSecretValue', { SecretId, ClientRequestToken: token, SecretString, RotationToken, ...stages })
    }
    if (step === 'finishSecret') {
      const stages = Object.entries(call('DescribeSecret', { SecretId }).VersionIdsToStages ?? {})
      const current = stages.find(([, labels]: [string, string[]]) => labels.includes('AWSCURRENT'))?.[0]
      if (current === token) return
      const move = { VersionStage: 'AWSCURRENT', MoveToVersionId: token, RemoveFromVersionId: current }
      call('UpdateSecretVersionStage', { SecretId, ...move })
    }
  }
}

/** An in-process function: `act` runs the step, an error that it throws is the invocation's. */
export function functionOf(
  arn: string,
  act: (event: RotationRequest) => void | Promise<void>,
): LambdaFunction {
  const invoke = async (event: unknown): Promise<InvocationResult> => {
    await act(event as RotationRequest)
    return { ok: true, payload: null }
  }
  return { arn, invoke }
}

export function createWorld(
  switches: { vault?: Partial<VaultSwitches>; engine?: Partial<EngineSwitches> } = {},
): World {
  const clock = createClock()
  const functions = new Map<string, LambdaFunction>()
  const vault = createVault({ clock, switches: switches.vault ?? {} })
  const engine = createEngine({ clock, vault, functions, switches: switches.engine ?? {} })
  const call = createCall({ clock, vault, engine })
  const perform = createPerform(call)
  const invocations: RotationRequest[] = []
  const script: World['script'] = {}
  let rotations = 1

  functions.set(
    ARN,
    functionOf(ARN, async (event) => {
      invocations.push(event)
      await (script[event.Step] ?? perform)(event)
    }),
  )
  return {
    clock,
    vault,
    engine,
    functions,
    invocations,
    script,
    call,
    perform,
    createDemo: () => {
      const secret = { Name: 'demo', SecretString: 'one', ClientRequestToken: version(1) }
      return stringOf(call('CreateSecret', secret), 'ARN')
    },
    rotate: (input = {}) => {
      rotations += 1
      const defaults = { SecretId: 'demo', ClientRequestToken: version(rotations), RotationLambdaARN: ARN }
      return call('RotateSecret', { ...defaults, ...input })
    },
    labels: () => {
      const stages = Object.entries(call('DescribeSecret', { SecretId: 'demo' }).VersionIdsToStages ?? {})
      return Object.fromEntries(
        stages.map(([id, labels]: [string, string[]]) => [id.replace(/-+$/, ''), labels.toSorted()]),
      )
    },
    eventNames: () =>
      engine.events.items.flatMap((event) =>
        event['detail-type'] === 'AWS Service Event via CloudTrail' ? [event.detail.eventName] : [],
      ),
  }
}
