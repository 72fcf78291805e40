import { createHash } from 'node:crypto'
import { Duration } from 'aws-cdk-lib'
import { timesOfCron } from './cron.ts'

/** When Secrets Manager rotates a secret. Everything is in UTC, on the hour. */
export interface RotationWindowProps {
  /**
   * How long a window is open: whole hours, to the end of the day and of the window before the next at most.
   *
   * @default - four hours for a window of `weekly`, otherwise what Secrets Manager does: to the end of the
   * UTC day, or one hour if windows come several times a day
   */
  readonly duration?: Duration | undefined
}

/** A recurring window: within it Secrets Manager rotates, and tries again what failed. */
export class RotationWindow {
  /** As Secrets Manager reads it: `rate(…)` or `cron(…)`. */
  readonly expression: string
  /** Hours; nothing leaves it to Secrets Manager. */
  readonly durationHours: number | undefined
  /** Hours from one window to the next, at their closest. */
  readonly gapHours: number

  private constructor(window: {
    expression: string
    gapHours: number
    /** What is left, after the last window of a day has begun. */
    roomHours: number
    duration: Duration | undefined
  }) {
    const { expression, gapHours, roomHours, duration } = window
    this.expression = expression
    this.gapHours = gapHours
    this.durationHours = duration?.toHours({ integral: false })
    const { durationHours = 1 } = this
    if (
      !Number.isInteger(durationHours) ||
      durationHours < 1 ||
      durationHours > Math.min(gapHours, roomHours)
    ) {
      throw new Error(
        `"${expression}": a window is open for whole hours, and ends before the next and with the UTC day`,
      )
    }
  }

  /** Every so many hours (4 at least) or days (999 at most). */
  static rate(interval: Duration, { duration }: RotationWindowProps = {}): RotationWindow {
    const hours = interval.toHours({ integral: false })
    if (!Number.isInteger(hours) || hours < 4 || hours > 999 * 24) {
      throw new Error(`A rate of ${interval.toHumanString()}: whole hours from 4 hours to 999 days`)
    }
    const [count, unit] = hours % 24 === 0 ? [hours / 24, 'day'] : [hours, 'hour']
    const expression = `rate(${count} ${unit}${count === 1 ? '' : 's'})`
    return new RotationWindow({ expression, gapHours: hours, roomHours: 24, duration })
  }

  /** Minutes `0`, hours, day of month, month, day of week, year `*`; one of the two days is `?`. */
  static cron(fields: string, { duration }: RotationWindowProps = {}): RotationWindow {
    const expression = `cron(${fields})`
    const times = timesOfCron(expression)
    if (times === undefined) {
      const form = 'minutes 0, hours, day of month, month, day of week, year *, and one of the two days is ?'
      throw new Error(`"${expression}" is not a schedule of Secrets Manager: ${form}`)
    }
    const { gap: gapHours, lastOfDay } = times
    if (gapHours < 4) throw new Error(`"${expression}": a secret rotates every four hours at most`)
    return new RotationWindow({ expression, gapHours, roomHours: 24 - lastOfDay, duration })
  }

  /** What `rate` and `cron` write: `rate(30 days)`, `cron(0 3 ? * SUN *)`. */
  static of(expression: string, props: RotationWindowProps = {}): RotationWindow {
    const fields = /^cron\((.+)\)$/.exec(expression)?.[1]
    if (fields !== undefined) return RotationWindow.cron(fields, props)
    const [, count, unit] = /^rate\((\d{1,5}) (hour|day)s?\)$/.exec(expression) ?? []
    if (count === undefined) throw new Error(`"${expression}" is neither rate(…) nor cron(…)`)
    return RotationWindow.rate(Duration.hours(Number(count) * (unit === 'day' ? 24 : 1)), props)
  }

  /**
   * Once a week, for four hours (less where the day ends), at an hour of the week that follows from `key`:
   * many secrets are spread evenly, and each keeps its hour from deploy to deploy.
   */
  static weekly(key: string): RotationWindow {
    const slot = createHash('sha256').update(key).digest().readUInt32BE() % (7 * 24)
    const [weekday, hour] = [Math.floor(slot / 24) + 1, slot % 24]
    const duration = Duration.hours(Math.min(4, 24 - hour))
    return RotationWindow.cron(`0 ${hour} ? * ${weekday} *`, { duration })
  }
}
