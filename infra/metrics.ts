import { Duration } from 'aws-cdk-lib'
import { MathExpression, Metric, Stats, Unit } from 'aws-cdk-lib/aws-cloudwatch'
import { FilterPattern, MetricFilter } from 'aws-cdk-lib/aws-logs'
import type { FindingType } from '../lambdas/auditing/findings.ts'
import { eachFunction, type RotatorFunctions } from './functions.ts'

/** Of audit's own metrics, and of those that are counted in the logs. */
const metricNamespace = 'dfns-rotator'
const service = 'dfns-rotator'

/** What audit found, by its type. It runs once a day. */
export const findingsMetric = (type: FindingType) =>
  new Metric({
    namespace: metricNamespace,
    metricName: 'Findings',
    dimensionsMap: { service, type },
    statistic: Stats.SUM,
    period: Duration.days(1),
  })

/** How often an error ended an invocation, by its code, or audit undid a retirement. */
export const errorsMetric = (code: string) =>
  new Metric({
    namespace: metricNamespace,
    metricName: 'Failures',
    dimensionsMap: { code },
    statistic: Stats.SUM,
    period: Duration.minutes(5),
  })

/** Every metric of a name, whatever its dimensions' values are by then. */
export const everyMetric = (search: {
  metricName: string
  /** Comma-separated names. */
  dimensions: string
  statistic: string
  period: Duration
}) => {
  const { metricName, dimensions, statistic, period } = search
  // Quoted, because of its hyphen.
  const which = `{"${metricNamespace}",${dimensions}} MetricName="${metricName}"`
  // CloudWatch writes the value of each dimension in its place.
  const label = dimensions
    .split(',')
    .map((name) => `\${PROP('Dim.${name}')}`)
    .join(' ')
  return new MathExpression({
    expression: `SEARCH('${which}', '${statistic}', ${period.toSeconds()})`,
    usingMetrics: {},
    period,
    label,
  })
}

/** The figures of rotate's line `phase done`, each by step and kind. */
const figures = [
  { id: 'PhaseDuration', value: '$.durationMs', unit: Unit.MILLISECONDS },
  { id: 'DfnsCalls', value: '$.dfnsCalls', unit: Unit.COUNT },
  { id: 'DfnsRetries', value: '$.retries', unit: Unit.COUNT },
] as const

const field = (name: string, value: string) => FilterPattern.stringValue(`$.${name}`, '=', value)

/**
 * Findings and answers of the preflight have codes, too, and end nothing. One of them counts: where audit
 * undid a retirement, no invocation of retire fails with it.
 */
const failures = FilterPattern.all(
  field('code', 'ERR_*'),
  FilterPattern.any(field('message', 'phase failed'), field('code', 'ERR_RETIRE_UNDONE')),
)

/** The same lines, for a query in CloudWatch Logs Insights. */
export const failuresQuery = 'filter message = "phase failed" or code = "ERR_RETIRE_UNDONE"'

/** Metrics that are counted in the log's lines, which costs the functions no library and no call. */
export function countInLogs(functions: RotatorFunctions): void {
  for (const { function: target, logGroup } of eachFunction(functions)) {
    new MetricFilter(target, 'Failures', {
      logGroup,
      metricNamespace,
      metricName: 'Failures',
      filterPattern: failures,
      metricValue: '1',
      dimensions: { code: '$.code' },
    })
  }
  const { function: target, logGroup } = functions.rotate
  for (const { id, value, unit } of figures) {
    new MetricFilter(target, id, {
      logGroup,
      metricNamespace,
      metricName: id,
      filterPattern: field('message', 'phase done'),
      metricValue: value,
      unit,
      dimensions: { step: '$.step', kind: '$.kind' },
    })
  }
}
