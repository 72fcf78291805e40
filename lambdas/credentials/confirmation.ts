import { RotationError } from '../errors.ts'
import { settled, type Time } from '../ports/time.ts'

/** Fails if Dfns goes on showing what it answered to be over: success was answered, and nothing done. */
export async function confirmed(change: {
  isDone: () => Promise<boolean>
  /** `credential Y2kx`: how the error calls it. */
  on: string
  /** What Dfns answered, and what it shows all the same. */
  problem: string
  time: Time
}): Promise<void> {
  const { isDone, on, problem, time } = change
  // A list may lag for a moment.
  const done = await settled(time, async () => ((await isDone()) ? true : undefined))
  if (done === true) return
  throw new RotationError('ERR_DFNS_RESPONSE', `${on}: Dfns answered that it is ${problem}`, {
    retryable: true,
  })
}

export const stillActive = 'deactivated, but goes on listing it as active'
