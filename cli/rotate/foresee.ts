import { errorCodes, RotationError } from '../../lambdas/errors.ts'
import type { Operation } from '../../lambdas/operations/operation.ts'
import { ask } from '../doctor/preflight.ts'

/** What only the function's own role can know: whoever runs the command may have less leave than that. */
const ofTheRole: readonly string[] = ['ERR_STORE', 'ERR_SCHEDULER', 'ERR_POLICY']

/**
 * Asks what createSecret will ask, as doctor does, and refuses where the answer is no: that rotation would
 * stop, and stand in the way of the next one until somebody gives it up.
 */
export async function assertWouldGo(operation: Operation): Promise<void> {
  const { secretArn, inside, schedules } = operation
  const answers = await ask({ secretArn, run: { ...operation, policy: inside.policy }, schedules })
  for (const { answer, code, reason = '' } of answers) {
    const known = errorCodes.find((one) => one === code)
    if (answer !== 'no' || known === undefined || ofTheRole.includes(known)) continue
    throw new RotationError(known, `${reason} Nothing was rotated: createSecret would stop with this.`)
  }
}
