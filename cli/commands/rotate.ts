import { randomUUID } from 'node:crypto'
import { asFailure } from '../../lambdas/credentials/answer.ts'
import type { Found } from '../../lambdas/credentials/survey.ts'
import { RotationError } from '../../lambdas/errors.ts'
import { openOperation } from '../../lambdas/operations/operation.ts'
import { retireAtOnce, type RetiredAtOnce } from '../../lambdas/operations/retire-at-once.ts'
import { secretStore } from '../../lambdas/ports/secrets-manager.ts'
import { hourMs, minuteMs } from '../../lambdas/ports/time.ts'
import type { Stored } from '../../lambdas/rotation/generations.ts'
import { type Command, oneSecret, type Outcome } from '../command.ts'
import type { Given } from '../options.ts'
import { type Context, describe, operationOn } from '../context.ts'
import { type ExitCode, exitCodes } from '../exit-codes.ts'
import { usage } from '../failure.ts'
import { type Change, changeSince } from '../rotate/change.ts'
import { assertWouldGo } from '../rotate/foresee.ts'
import { functionLog } from '../rotate/function-log.ts'
import { onInterrupt } from '../rotate/interrupt.ts'
import { liveOf } from '../rotate/live.ts'
import type { PhaseEvent } from '../rotate/phases.ts'
import { type FailedPhase, type RotateResult, rotateText } from '../rotate/report.ts'
import { assertCanBegin, beginRotation } from '../rotate/start.ts'
import { type End, watch } from '../rotate/watch.ts'
import { assertScheduler } from '../way-back/scheduler.ts'

export const rotate: Command = {
  name: 'rotate',
  summary: 'Rotates a secret now, shows the four phases, and ends with what changed',
  operands: oneSecret,
  options: {
    'retire-now': { says: 'after it, ends every grace at once: for a key that has leaked' },
    timeout: { value: 'DURATION', says: 'how long to watch, as 90s, 15m or 2h: 15m unless said' },
  },
  about: [
    'Secrets Manager carries the rotation out, whoever watches: after Ctrl-C or the time-out it ' +
      'goes on. The phases are read from the log of the function; without leave to read it ' +
      '(logs:FilterLogEvents) they are told by the labels, and an error is not seen.',
    'A superseded key works until the end of its grace. With --retire-now it is deactivated at ' +
      'once, and whoever still uses it is refused.',
  ],
  examples: ['rotate prod/dfns/payments', 'rotate prod/dfns/payments --retire-now --yes'],
  run,
}

async function run(context: Context, given: Given): Promise<Outcome> {
  const [name = ''] = given.operands
  const timeoutMs = durationMs(given.text('timeout') ?? '15m')
  const secret = await describe(context, name)
  assertCanBegin(secret)
  // What is wrong with the document, a tag or the policy shows now, with nothing changed.
  const operation = await openOperation(await operationOn(context, secret.arn))
  const before = operation.current
  await assertWouldGo(operation)
  const isAtOnce = given.flag('retire-now')
  if (isAtOnce) {
    assertScheduler({ operation, deployment: await context.deployment() })
    context.progress(`${name} is rotated, and what that supersedes is deactivated at once:`)
    context.progress('whoever still uses the old key is refused from then on.')
    await context.confirm(`Rotate ${name} and end every grace?`)
  }
  const { end, phases, token } = await rotateOnce({ context, secret, timeoutMs, kind: before.document.kind })
  const isRotated = end.type === 'rotated'
  const atOnce = isRotated && isAtOnce ? await attempted(endGraces({ context, secret })) : undefined
  const isMoved = isRotated || (end.type === 'failed' && end.promoted)
  const change = isMoved ? await attempted(changeOf({ context, secret, before })) : undefined
  if (!isRotated && change?.error !== undefined) throw change.error
  const result: RotateResult = {
    secretArn: secret.arn,
    versionId: token,
    outcome: end.type,
    phases,
    change: change?.value,
    failure:
      failureOf(end) ??
      failed('retire-now', atOnce?.error ?? atOnce?.value?.failures[0]) ??
      failed('look', change?.error),
    ...toldOf(atOnce?.value),
  }
  const text: Outcome['text'] = (look) => rotateText({ secret: name, result, look })
  return { result, text, exitCode: exitCodeOf(result) }
}

async function rotateOnce(of: {
  context: Context
  secret: Secret
  timeoutMs: number
  kind: string
}): Promise<{ end: End; phases: readonly PhaseEvent[]; token: string }> {
  const { context, secret, timeoutMs, kind } = of
  const { clients, time, look, process } = context
  const token = randomUUID()
  const store = secretStore({ client: clients.secretsManager, secretId: secret.arn, time })
  const log = functionLog({ clients, functionArn: secret.rotationArn ?? '', token, time })
  const phases: PhaseEvent[] = []
  const live = liveOf({ stream: process.stderr, look, kind, now: () => time.now() })
  const interrupt = onInterrupt()
  try {
    await beginRotation({ client: clients.secretsManager, store, secretArn: secret.arn, token, time })
    const hear = (event: PhaseEvent) => {
      phases.push(event)
      live.hear(event)
    }
    const { wait } = live
    const end = await watch({ store, log, token, time, timeoutMs, isInterrupted: interrupt.is, hear, wait })
    return { end, phases, token }
  } finally {
    live.close()
    interrupt.release()
  }
}

type Secret = Awaited<ReturnType<typeof describe>>

async function endGraces({ context, secret }: { context: Context; secret: Secret }) {
  return retireAtOnce(await operationOn(context, secret.arn))
}

async function changeOf(of: { context: Context; secret: Secret; before: Stored }): Promise<Change> {
  const { context, secret, before } = of
  return changeSince({ opening: await operationOn(context, secret.arn), before })
}

/** The rotation is over, so that what fails now is told with it, and not in its place. */
interface Attempted<T> {
  readonly value?: T
  readonly error?: RotationError
}

async function attempted<T>(call: Promise<T>): Promise<Attempted<T>> {
  const value = await call.catch(asFailure)
  return value instanceof RotationError ? { error: value } : { value }
}

function failed(phase: FailedPhase, error: RotationError | undefined): RotateResult['failure'] {
  return error && { phase, code: error.code, reason: error.message }
}

function toldOf(atOnce: RetiredAtOnce | undefined): Pick<RotateResult, 'retired' | 'left' | 'foreign'> {
  const told = (all: readonly Found[] | undefined) => all?.map(({ id, noun, name }) => ({ id, noun, name }))
  return { retired: atOnce?.retired, left: told(atOnce?.left), foreign: told(atOnce?.foreign) }
}

function failureOf(end: End): RotateResult['failure'] {
  const event = end.type === 'failed' ? end.event : 'last' in end ? end.last : undefined
  if (event === undefined) return undefined
  return { phase: event.step, code: event.code, reason: event.reason }
}

function exitCodeOf({ outcome, change, failure, retired, left, foreign }: RotateResult): ExitCode {
  if (outcome === 'interrupted') return exitCodes.interrupted
  if (outcome === 'timed out') return exitCodes.unavailable
  if (outcome !== 'rotated') return change === undefined ? exitCodes.refused : exitCodes.found
  const isLeft = [...(left ?? []), ...(foreign ?? [])].length > 0
  const isWaiting = retired?.some((one) => one.outcome === 'postponed') === true
  return isLeft || isWaiting || failure !== undefined ? exitCodes.found : exitCodes.done
}

const unitMs = { s: 1_000, m: minuteMs, h: hourMs } as const

function durationMs(text: string): number {
  const [, amount, unit] = /^(\d{1,5})([smh])$/.exec(text) ?? []
  if (unit === 's' || unit === 'm' || unit === 'h') return Number(amount) * unitMs[unit]
  throw usage('--timeout is a number and s, m or h, as in 15m')
}
