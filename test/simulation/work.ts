import { errorCodes } from '../../lambdas/errors.ts'
import { errorLine } from '../../sandbox/lambda/error-report.ts'
import type { InvocationResult } from '../../sandbox/lambda/invocation.ts'
import { deadLetterArn } from '../../sandbox/scene.ts'
import type { Invocation, OperationEvent } from './invocation.ts'
import type { Lambdas } from './lambdas.ts'
import { awsClients } from './transport.ts'

const ofAccount = 'eu-west-1:000000000000'

/** The functions of a world, and whoever runs a command: that is no function, and nothing invokes him. */
export const arns = {
  rotate: `arn:aws:lambda:${ofAccount}:function:dfns-rotator-rotate`,
  retire: `arn:aws:lambda:${ofAccount}:function:dfns-rotator-retire`,
  audit: `arn:aws:lambda:${ofAccount}:function:dfns-rotator-audit`,
  operator: 'an operator',
} as const

export const scheduleGroup = 'dfns-rotator'
export const policyName = '/dfns-rotator/policy'

/** A count of audit's, as a metric names it. */
export type Counted = { readonly name: string; readonly type?: string; readonly value: number }

/** What rotate, retire, audit and an operator's command are made of, for one invocation. */
export function workOf(parts: {
  lambdas: Lambdas
  through: keyof typeof awsClients
  counted: (count: Counted) => void
}) {
  const { lambdas, through, counted } = parts
  const { scheduler: client, ...clients } = awsClients[through]
  const roleArn = 'arn:aws:iam::000000000000:role/dfns-rotator-scheduler'
  const schedulesFor = (functionArn: string, { time }: Invocation) => {
    const target = { functionArn, roleArn, group: scheduleGroup, deadLetterArn }
    return lambdas.schedulesOf({ client, target, time })
  }
  const given = (invocation: Invocation) => {
    const { time, log } = invocation
    const group = lambdas.scheduleGroupOf({ client, group: scheduleGroup, time })
    return { clients, policyName, schedules: schedulesFor(arns.retire, invocation), group, time, log }
  }
  const work: Readonly<Record<string, (invocation: Invocation) => Promise<unknown>>> = {
    [arns.rotate]: async (invocation) => {
      const event = lambdas.readEvent(invocation.event)
      const rotation = await lambdas.openRotation({ ...given(invocation), event })
      await lambdas.runPhase({ step: event.step, rotation })
    },
    [arns.retire]: async (invocation) => {
      const event = lambdas.readRetireEvent(invocation.event)
      await lambdas.retireSuperseded({ ...given(invocation), event })
    },
    [arns.audit]: async (invocation) => {
      const event = lambdas.readAuditEvent(invocation.event)
      const continuations = schedulesFor(arns.audit, invocation)
      const rest = { rotateArn: arns.rotate, counts: { add: counted }, acts: true, continuations }
      await lambdas.audit({ ...given(invocation), ...rest, event })
    },
    [arns.operator]: async (invocation) => {
      const { operation, secretArn, to = '', versionId = '' } = invocation.event as OperationEvent
      const result = await lambdas[operation]({ ...given(invocation), secretArn, to, versionId })
      // The command tells these together with what was done.
      if (result !== undefined && 'failures' in result) for (const failure of result.failures) throw failure
    },
  }
  return (invocation: Invocation) => reported({ invocation, work: work[invocation.arn]?.(invocation) })
}

/** What Lambda makes of how an invocation ends. Anything but one of our own errors is a defect, and shows as one. */
async function reported(of: {
  invocation: Invocation
  work: Promise<unknown> | undefined
}): Promise<InvocationResult> {
  const { invocation, work } = of
  try {
    await work
    return { ok: true, payload: null }
  } catch (error) {
    invocation.lines.push(errorLine({ thrown: error, requestId: String(invocation.number) }))
    const { name, message } = error instanceof Error ? error : new Error(String(error))
    const isKnown = (errorCodes as readonly string[]).includes(name)
    return { ok: false, errorType: isKnown ? name : `Unexpected ${name}`, errorMessage: message }
  }
}
