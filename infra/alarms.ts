import { Duration } from 'aws-cdk-lib'
import {
  Alarm,
  type AlarmProps,
  ComparisonOperator,
  type IMetric,
  MathExpression,
  Stats,
  TreatMissingData,
} from 'aws-cdk-lib/aws-cloudwatch'
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions'
import type { ITopic } from 'aws-cdk-lib/aws-sns'
import type { Queue } from 'aws-cdk-lib/aws-sqs'
import type { Construct } from 'constructs'
import type { FindingType } from '../lambdas/auditing/findings.ts'
import { findings } from './findings.ts'
import { eachFunction, type RotatorFunction, type RotatorFunctions } from './functions.ts'
import { errorsMetric, findingsMetric } from './metrics.ts'
import type { FixedNames } from './names.ts'

interface Watched extends Partial<Rule> {
  /** Follows the prefix in the alarm's name. */
  readonly id: string
  /** What it means, and to whom it matters. */
  readonly means: string
  readonly metric: IMetric
}

type Rule = Pick<AlarmProps, 'comparisonOperator' | 'evaluationPeriods' | 'treatMissingData'>

/** At the first one, and off again once it is over. */
const atTheFirst: Rule = {
  comparisonOperator: ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
  evaluationPeriods: 1,
  treatMissingData: TreatMissingData.NOT_BREACHING,
}

const sumOf = { statistic: Stats.SUM, period: Duration.minutes(5) } as const

/** Each of these has an alarm of its own, named after it. */
const alarmed = [
  'current-not-accepted',
  'stuck-pending',
  'rotation-overdue',
  'token-expiring',
  'foreign-credential',
  'previous-past-grace',
] as const satisfies readonly FindingType[]

/** An alarm for everything that somebody has to look at. */
export function createAlarms(parts: {
  scope: Construct
  names: FixedNames
  functions: RotatorFunctions
  deadLetters: Queue
  topic: ITopic
}): readonly Alarm[] {
  const { scope, names, functions, deadLetters, topic } = parts
  const watched = [
    ...ofFunctions(functions),
    silenceOf(functions.audit),
    ...ofRetirement(deadLetters),
    ...ofFindings(),
  ]
  return watched.map(({ id, means, ...rule }) => {
    const alarm = new Alarm(scope, id, {
      alarmName: `${names.prefix}-${id}`,
      alarmDescription: `${means}. See docs/operations.md of dfns-rotator.`,
      threshold: 1,
      ...atTheFirst,
      ...rule,
    })
    alarm.addAlarmAction(new SnsAction(topic))
    return alarm
  })
}

function ofFunctions(functions: RotatorFunctions): Watched[] {
  const each = eachFunction(functions).flatMap(({ name, function: target }) => [
    {
      id: `${name}-errors`,
      means: `An invocation of ${name} ended with an error`,
      metric: target.metricErrors(sumOf),
    },
    {
      id: `${name}-throttles`,
      means: `${name} was throttled: too many functions run in this account`,
      metric: target.metricThrottles(sumOf),
    },
  ])
  const lost = (['retire', 'audit'] as const).map((name) => ({
    id: `${name}-lost-letters`,
    means: `A failure of ${name} could not be written to the dead-letter queue`,
    metric: functions[name].function.metric('DestinationDeliveryFailures', sumOf),
  }))
  return [...each, ...lost]
}

/**
 * Where nothing invokes audit there is no error either, and no finding. It runs every 24 hours; one that is
 * late by 12 is not coming. What is not there counts as silence, so on a new rotator the alarm fires until
 * the first audit has ended, which the schedule starts at once.
 * https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html
 */
function silenceOf({ function: audit }: RotatorFunction): Watched {
  const hourly = { statistic: Stats.SUM, period: Duration.hours(1) } as const
  return {
    id: 'audit-silent',
    means: 'No audit ended without an error for 36 hours: nobody looks whether credentials work',
    metric: new MathExpression({
      expression: 'invocations - errors',
      usingMetrics: { invocations: audit.metricInvocations(hourly), errors: audit.metricErrors(hourly) },
      period: hourly.period,
      label: 'audits without an error',
    }),
    comparisonOperator: ComparisonOperator.LESS_THAN_THRESHOLD,
    evaluationPeriods: 36,
    treatMissingData: TreatMissingData.BREACHING,
  }
}

function ofRetirement(deadLetters: Queue): Watched[] {
  return [
    {
      id: 'dead-letters',
      means: 'A retirement failed for good: a superseded credential stays active until somebody looks',
      metric: deadLetters.metricApproximateNumberOfMessagesVisible({ ...sumOf, statistic: Stats.MAXIMUM }),
    },
    {
      id: 'retire-undone',
      means: findings['retire-undone'],
      metric: errorsMetric('ERR_RETIRE_UNDONE'),
    },
  ]
}

function ofFindings(): Watched[] {
  const own = alarmed.map((type) => ({
    id: `found-${type}`,
    means: findings[type],
    metric: findingsMetric(type),
  }))
  return [...own, otherFindings()]
}

/** The rest share one alarm; the log of audit and the dashboard tell which. */
function otherFindings(): Watched {
  const others = Object.entries(findings)
    .filter(([type, means]) => means !== undefined && !(alarmed as readonly string[]).includes(type))
    .map(([type]) => type as FindingType)
  const usingMetrics = Object.fromEntries(others.map((type, at) => [`m${at}`, findingsMetric(type)]))
  return {
    id: 'found-other',
    means: `Audit found one of ${others.join(', ')}`,
    metric: new MathExpression({
      expression: Object.keys(usingMetrics)
        .map((id) => `FILL(${id}, 0)`)
        .join(' + '),
      usingMetrics,
      period: Duration.days(1),
      label: 'other findings',
    }),
  }
}
