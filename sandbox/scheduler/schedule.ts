/** What a schedule invokes; the members are the API's, RetryPolicy's defaults filled in. */
export interface Target {
  readonly Arn: string
  readonly RoleArn: string
  /** Well-formed JSON. */
  readonly Input?: string
  readonly RetryPolicy: { readonly MaximumEventAgeInSeconds: number; readonly MaximumRetryAttempts: number }
  readonly DeadLetterConfig?: { readonly Arn: string }
}

/** What CreateSchedule and UpdateSchedule set, under the API's names, the system's defaults filled in. */
export interface ScheduleSettings {
  readonly ScheduleExpression: string
  readonly ScheduleExpressionTimezone: string
  readonly FlexibleTimeWindow: { readonly Mode: 'OFF' }
  readonly State: 'ENABLED' | 'DISABLED'
  readonly ActionAfterCompletion: 'NONE' | 'DELETE'
  readonly Target: Target
  readonly Description?: string
  readonly KmsKeyArn?: string
  /** Epoch seconds; one-time schedules ignore both dates. */
  readonly StartDate?: number
  readonly EndDate?: number
}

/** A schedule is found by its name within its group. */
export interface ScheduleId {
  readonly group: string
  readonly name: string
}

export interface Schedule extends ScheduleId {
  readonly arn: string
  readonly settings: ScheduleSettings
  readonly createdAt: number
  readonly changedAt: number
}

/**
 * What AWS leaves open, or where it may be unkind.
 * - `pastSchedules`: an `at` that has passed is fired at once, or refused with ValidationException.
 * - `lateByMs`: how late a schedule fires; AWS promises 60 seconds of precision ("Schedule types in
 *   EventBridge Scheduler").
 * - `retryDelaysMs`: pauses before delivery is tried again, the last one for all that follow.
 * - `quota`: schedules of the account ("Quotas for Amazon EventBridge Scheduler").
 */
export interface SchedulerSwitches {
  pastSchedules: 'fire' | 'refuse'
  lateByMs: number
  retryDelaysMs: readonly number[]
  quota: number
}

export const DEFAULT_SCHEDULER: SchedulerSwitches = {
  pastSchedules: 'fire',
  lateByMs: 0,
  retryDelaysMs: [1, 2, 4, 8].map((minutes) => minutes * 60_000),
  quota: 1_000_000,
}
