import { MetricUnit, Metrics } from '@aws-lambda-powertools/metrics'

/** CloudWatch metrics in the namespace `dfns-rotator`, as one JSON line each (embedded metric format). */
export interface Counts {
  /** A count, by type where there are several. */
  add(count: { name: string; type?: string; value: number }): void
}

/** Every line stands alone: what ends in the middle has counted what it came to. */
export function countsOf(): Counts {
  const serviceName = process.env['POWERTOOLS_SERVICE_NAME'] ?? 'dfns-rotator'
  const metrics = new Metrics({ namespace: 'dfns-rotator', serviceName })
  return {
    add({ name, type, value }) {
      const single = metrics.singleMetric()
      if (type !== undefined) single.addDimension('type', type)
      single.addMetric(name, MetricUnit.Count, value)
    },
  }
}
