import { Duration } from 'aws-cdk-lib'
import {
  type Alarm,
  AlarmStatusWidget,
  Dashboard,
  GraphWidget,
  type IWidget,
  LogQueryWidget,
  Metric,
  Stats,
  TextWidget,
} from 'aws-cdk-lib/aws-cloudwatch'
import type { Rule } from 'aws-cdk-lib/aws-events'
import type { Queue } from 'aws-cdk-lib/aws-sqs'
import type { Construct } from 'constructs'
import { eachFunction, type RotatorFunctions } from './functions.ts'
import { everyMetric, failuresQuery } from './metrics.ts'
import type { FixedNames } from './names.ts'

interface Shown {
  readonly names: FixedNames
  readonly functions: RotatorFunctions
  readonly deadLetters: Queue
  readonly alarms: readonly Alarm[]
  readonly failed: Rule
}

const half = { width: 12, height: 6 } as const
const third = { width: 8, height: 6 } as const
const sum = Stats.SUM

/** From top to bottom: is anything wrong, do secrets rotate and old credentials end, what does it take. */
export function createDashboard({ scope, ...shown }: Shown & { scope: Construct }): Dashboard {
  const { names } = shown
  return new Dashboard(scope, 'Dashboard', {
    dashboardName: names.prefix,
    defaultInterval: Duration.days(7),
    widgets: [
      [heading('Is anything wrong?')],
      [new AlarmStatusWidget({ title: 'Alarms', alarms: [...shown.alarms], width: 24, height: 4 })],
      [findingsGraph(), failures(), lastErrors(shown)],
      [heading('Do secrets rotate, and do superseded credentials end?')],
      [rotations(shown), retirements(shown)],
      [heading('What does a step of a rotation take?')],
      [
        phase('Duration (p90, ms)', 'PhaseDuration', 'p90'),
        phase('Calls to Dfns', 'DfnsCalls', 'Average'),
        retries(),
      ],
    ],
  })
}

const heading = (text: string) => new TextWidget({ markdown: `## ${text}`, width: 24, height: 1 })

const findingsGraph = (): IWidget =>
  new GraphWidget({
    ...third,
    title: 'What the daily audit found',
    stacked: true,
    left: [
      everyMetric({
        metricName: 'Findings',
        dimensions: 'service,type',
        statistic: sum,
        period: Duration.days(1),
      }),
    ],
  })

const failures = (): IWidget =>
  new GraphWidget({
    ...third,
    title: 'Errors by code',
    stacked: true,
    left: [
      everyMetric({
        metricName: 'Failures',
        dimensions: 'code',
        statistic: sum,
        period: Duration.hours(1),
      }),
    ],
  })

const lastErrors = ({ functions }: Shown): IWidget =>
  new LogQueryWidget({
    ...third,
    title: 'The last errors',
    logGroupNames: eachFunction(functions).map(({ logGroup }) => logGroup.logGroupName),
    queryLines: [
      'fields @timestamp, code, secretId, step, reason',
      failuresQuery,
      'sort @timestamp desc',
      'limit 20',
    ],
  })

function rotations({ functions, failed }: Shown): IWidget {
  const { function: rotate } = functions.rotate
  const rule = { namespace: 'AWS/Events', dimensionsMap: { RuleName: failed.ruleName }, statistic: sum }
  return new GraphWidget({
    ...half,
    title: 'Rotation',
    left: [
      rotate.metricInvocations({ label: 'steps', period: Duration.hours(1) }),
      rotate.metricErrors({ label: 'steps that failed', period: Duration.hours(1) }),
      new Metric({
        ...rule,
        metricName: 'TriggeredRules',
        label: 'rotations that failed or were given up',
        period: Duration.hours(1),
      }),
    ],
  })
}

function retirements({ names, functions, deadLetters }: Shown): IWidget {
  const period = Duration.hours(1)
  const ofGroup = (metricName: string, label: string) =>
    new Metric({
      namespace: 'AWS/Scheduler',
      metricName,
      dimensionsMap: { ScheduleGroup: names.scheduleGroup },
      statistic: sum,
      label,
      period,
    })
  const { retire, audit } = functions
  return new GraphWidget({
    ...half,
    title: 'Retirement and audit',
    left: [
      ofGroup('InvocationAttemptCount', 'schedules that fired'),
      retire.function.metricErrors({ label: 'retirements that failed', period }),
      audit.function.metricErrors({ label: 'audits that failed', period }),
    ],
    right: [
      deadLetters.metricApproximateNumberOfMessagesVisible({
        label: 'dead letters',
        statistic: Stats.MAXIMUM,
      }),
    ],
  })
}

const phase = (title: string, metricName: string, statistic: string): IWidget =>
  new GraphWidget({
    ...third,
    title,
    left: [
      everyMetric({
        metricName,
        dimensions: 'kind,step',
        statistic,
        period: Duration.hours(1),
      }),
    ],
  })

const retries = () => phase('Calls repeated', 'DfnsRetries', sum)
