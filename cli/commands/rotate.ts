import { randomUUID } from 'node:crypto'
import { openOperation } from '../../lambdas/operations/operation.ts'
import { retireAtOnce } from '../../lambdas/operations/retire-at-once.ts'
import { secretStore } from '../../lambdas/ports/secrets-manager.ts'
import { hourMs, minuteMs } from '../../lambdas/ports/time.ts'
import { type Command, oneSecret, type Outcome } from '../command.ts'
import type { Given } from '../options.ts'
import { type Context, describe, operationOn } from '../context.ts'
import { type ExitCode, exitCodes } from '../exit-codes.ts'
import { usage } from '../failure.ts'
import { changeSince } from '../rotate/change.ts'
import { assertWouldGo } from '../rotate/foresee.ts'
import { functionLog } from '../rotate/function-log.ts'
import { onInterrupt } from '../rotate/interrupt.ts'
import { liveOf } from '../rotate/live.ts'
import type { PhaseEvent } from '../rotate/phases.ts'
import { phaseWord, type RotateResult, rotateText } from '../rotate/report.ts'
import { assertCanBegin, beginRotation } from '../rotate/start.ts'
import { type End, watch } from '../rotate/watch.ts'

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
  const opening = await operationOn(context, secret.arn)
  // What is wrong with the document, a tag or the policy shows now, with nothing changed.
  const operation = await openOperation(opening)
  const before = operation.current
  await assertWouldGo(operation)
  if (given.flag('retire-now')) {
    context.progress(`${name} is rotated, and what that supersedes is deactivated at once:`)
    context.progress('whoever still uses the old key is refused from then on.')
    await context.confirm(`Rotate ${name} and end every grace?`)
  }
  const { end, phases, token } = await rotateOnce({ context, secret, timeoutMs, kind: before.document.kind })
  const isRotated = end.type === 'rotated'
  const atOnce = isRotated && given.flag('retire-now') ? await retireAtOnce(opening) : undefined
  const result: RotateResult = {
    secretArn: secret.arn,
    versionId: token,
    outcome: end.type,
    phases,
    change:
      isRotated || (end.type === 'failed' && end.promoted)
        ? await changeSince({ opening, before })
        : undefined,
    failure: failureOf(end),
    retired: atOnce?.retired,
    foreign: atOnce?.foreign.map(({ id, noun, name: called }) => ({ id, noun, name: called })),
  }
  const text: Outcome['text'] = (look) => rotateText({ secret: name, result, look })
  return { result, text, exitCode: exitCodeOf(result) }
}

async function rotateOnce(of: {
  context: Context
  secret: Awaited<ReturnType<typeof describe>>
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

function failureOf(end: End): RotateResult['failure'] {
  const event = end.type === 'failed' ? end.event : 'last' in end ? end.last : undefined
  if (event === undefined) return undefined
  return { phase: phaseWord(event), code: event.code, reason: event.reason }
}

function exitCodeOf({ outcome, change, retired, foreign }: RotateResult): ExitCode {
  if (outcome === 'interrupted') return exitCodes.interrupted
  if (outcome === 'timed out') return exitCodes.unavailable
  if (outcome !== 'rotated') return change === undefined ? exitCodes.refused : exitCodes.found
  const isLeft = retired?.some((one) => one.outcome === 'postponed') === true || (foreign?.length ?? 0) > 0
  return isLeft ? exitCodes.found : exitCodes.done
}

const unitMs = { s: 1_000, m: minuteMs, h: hourMs } as const

function durationMs(text: string): number {
  const [, amount, unit] = /^(\d{1,5})([smh])$/.exec(text) ?? []
  if (unit === 's' || unit === 'm' || unit === 'h') return Number(amount) * unitMs[unit]
  throw usage('--timeout is a number and s, m or h, as in 15m')
}
