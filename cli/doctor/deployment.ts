import { isCode } from '../../lambdas/errors.ts'
import type { Policy } from '../../lambdas/rotation/policy.ts'
import { policyOf } from '../../lambdas/rotation/reads.ts'
import type { Context } from '../context.ts'
import type { Deployment } from '../deployment.ts'
import { type Finding, finding } from '../findings.ts'
import { remedies } from '../remedies.ts'

/** Who a finding is about that is no secret. */
const secretId = 'deployment'

/** What is wrong with what is installed, whatever the secrets. */
export async function deploymentFindings(context: Context): Promise<readonly Finding[]> {
  const deployment = await context.deployment()
  const policy = await policyFindings({ context, deployment })
  return [...policy.findings, ...auditFindings(deployment), ...schedulerFindings({ deployment, ...policy })]
}

async function policyFindings(of: { context: Context; deployment: Deployment }): Promise<{
  policy: Policy | undefined
  findings: readonly Finding[]
}> {
  const { context, deployment } = of
  const { policyName: name } = deployment
  try {
    const policy = await policyOf({ client: context.clients.ssm, name, time: context.time })
    return { policy, findings: [] }
  } catch (error) {
    if (!isCode(error, 'ERR_POLICY') || error.retryable) throw error
    const problem = `every rotation stops: ${error.message}`
    const details = { code: error.code, parameter: name }
    const told = finding({ type: 'policy', secretId, problem, remedy: remedies.ERR_POLICY, details })
    return { policy: undefined, findings: [told] }
  }
}

function auditFindings({ hasDailyAudit, dailyAudit, group }: Deployment): readonly Finding[] {
  if (hasDailyAudit) return []
  const problem = `nothing audits every day: there is no schedule ${dailyAudit} in the group ${group}`
  const remedy = 'deploy the stack again, or create the schedule: rate(1 day), input {}, the audit function'
  return [finding({ type: 'no-daily-audit', secretId, problem, remedy })]
}

/** Known only from the function's own environment. */
function schedulerFindings(of: { deployment: Deployment; policy: Policy | undefined }): readonly Finding[] {
  const { settings } = of.deployment
  if (settings === undefined || of.policy?.retireAtNextRotation === true) return []
  const wanted = ['DFNS_ROTATOR_RETIRE_ARN', 'DFNS_ROTATOR_SCHEDULER_ROLE_ARN']
  const missing = wanted.filter((name) => !settings[name])
  const scheduler = finding({
    type: 'no-scheduler',
    secretId,
    problem: `the rotate function cannot end a grace: its environment lacks ${missing.join(', ')}`,
    remedy: 'deploy the stack again, or set them; without a scheduler only the grace PT0S is possible',
  })
  const letters = finding({
    type: 'no-dead-letters',
    secretId,
    problem: 'what fails for good is told to nobody: its environment lacks DFNS_ROTATOR_DEAD_LETTER_ARN',
    remedy: 'deploy the stack again, or set it to the ARN of the queue',
  })
  const hasLetters = Boolean(settings['DFNS_ROTATOR_DEAD_LETTER_ARN'])
  return [...(missing.length > 0 ? [scheduler] : []), ...(missing.length > 0 || hasLetters ? [] : [letters])]
}
