import type { Operation } from '../../lambdas/operations/operation.ts'
import type { Deployment } from '../deployment.ts'
import { refusal } from '../failure.ts'

/** How somebody says where the schedules are. */
export const howToName =
  'Say --name-prefix if the rotator was installed under another prefix; or set DFNS_ROTATOR_RETIRE_ARN and ' +
  'DFNS_ROTATOR_SCHEDULER_ROLE_ARN'

/**
 * Refuses where it is not known which schedules end graces: what stands would not be seen, and what an
 * operation leaves active nobody would end. A deployment may have none, which its function's environment
 * tells, or the policy.
 */
export function assertScheduler(of: { operation: Operation; deployment: Deployment }): void {
  const { operation, deployment } = of
  if (operation.schedules !== undefined || deployment.settings !== undefined) return
  if (operation.inside.policy.retireAtNextRotation) return
  const unseen = `neither the schedule ${deployment.dailyAudit} nor the rotate function's environment tells`
  const problem = `who ends the graces of ${operation.secretArn} is not known: ${unseen}`
  throw refusal(`${problem}. Nothing was changed. ${howToName}`)
}
