import { describe, expect, test } from 'vitest'
import { findings } from '../../infra/findings.ts'
import { functionNames } from '../../infra/names.ts'
import { ofAlarms, ofType, only, resourcesOf, rotatorIn } from './stack.ts'

const resources = resourcesOf(rotatorIn().stack)
const [[topic] = ['']] = ofType(resources, 'AWS::SNS::Topic')

interface AlarmProperties {
  readonly AlarmName: string
  readonly Namespace?: string
  readonly MetricName?: string
  readonly Dimensions?: readonly { readonly Name: string; readonly Value: unknown }[]
  readonly Metrics?: readonly { readonly MetricStat?: { readonly Metric: AlarmProperties } }[]
  readonly Threshold: number
  readonly ComparisonOperator: string
  readonly TreatMissingData: string
  readonly AlarmActions: readonly unknown[]
  readonly AlarmDescription: string
}

const alarms = ofType(resources, 'AWS::CloudWatch::Alarm').map(
  ([, { Properties }]) => Properties as unknown as AlarmProperties,
)

const alarm = (name: string) => {
  const found = alarms.find(({ AlarmName }) => AlarmName === `dfns-rotator-${name}`)
  if (!found) throw new Error(`There is no alarm ${name}`)
  return found
}

const valueOf = (dimension: string, { Dimensions = [] }: AlarmProperties) =>
  Dimensions.find(({ Name }) => Name === dimension)?.Value

describe('every alarm', () => {
  test('speaks to the one topic', () => {
    for (const each of alarms) expect(each).toMatchObject({ AlarmActions: [{ Ref: topic }] })
  })

  test('but that of silence rings at the first one, and is quiet where there is nothing', () => {
    const others = alarms.filter(({ AlarmName }) => AlarmName !== 'dfns-rotator-audit-silent')
    expect(others).toHaveLength(alarms.length - 1)
    for (const each of others) {
      expect(each).toMatchObject({
        Threshold: 1,
        EvaluationPeriods: 1,
        ComparisonOperator: 'GreaterThanOrEqualToThreshold',
        TreatMissingData: 'notBreaching',
      })
    }
  })

  test('says what it means, and where to read on', () => {
    for (const { AlarmDescription } of alarms) expect(AlarmDescription).toMatch(/^.{20,}\. See docs\/.+\.$/)
  })
})

test('there is an alarm for each of these, and no other', () => {
  expect(alarms.map(({ AlarmName }) => AlarmName.replace('dfns-rotator-', '')).toSorted()).toEqual(
    [
      ...functionNames.flatMap((name) => [`${name}-errors`, `${name}-throttles`]),
      'audit-lost-letters',
      'audit-silent',
      'retire-lost-letters',
      'dead-letters',
      'retire-undone',
      'found-current-not-accepted',
      'found-foreign-credential',
      'found-previous-past-grace',
      'found-rotation-overdue',
      'found-stuck-pending',
      'found-token-expiring',
      'found-other',
    ].toSorted(),
  )
})

describe('an alarm of a function', () => {
  test.for([
    ...functionNames.map((name) => [`${name}-errors`, 'Errors'] as const),
    ...functionNames.map((name) => [`${name}-throttles`, 'Throttles'] as const),
    ['retire-lost-letters', 'DestinationDeliveryFailures'] as const,
  ])('%s looks at its %s', ([name, metric]) => {
    expect(alarm(name)).toMatchObject({ Namespace: 'AWS/Lambda', MetricName: metric })
    const { Ref } = valueOf('FunctionName', alarm(name)) as { Ref: string }
    expect(Ref.toLowerCase()).toContain(name.split('-')[0])
  })
})

describe('the alarm of silence', () => {
  const silent = alarm('audit-silent')

  test('rings where no audit, or none without an error, ended for a day and a half', () => {
    expect(silent).toMatchObject({
      Threshold: 1,
      ComparisonOperator: 'LessThanThreshold',
      EvaluationPeriods: 36,
      TreatMissingData: 'breaching',
    })
    // One good hour of the 36 keeps it quiet.
    expect(silent).not.toHaveProperty('DatapointsToAlarm')
    const hourly = { MetricStat: { Period: 3600, Stat: 'Sum' } }
    expect(silent.Metrics).toMatchObject([{ Expression: 'invocations - errors' }, hourly, hourly])
  })

  test('counts the invocations of audit, and its errors', () => {
    const [, ...counted] = (silent.Metrics ?? []).map(({ MetricStat }) => MetricStat?.Metric)
    expect(counted.map((metric) => metric?.MetricName)).toEqual(['Invocations', 'Errors'])
    const [audit] = ofType(resources, 'AWS::Lambda::Function').flatMap(([id, { Properties }]) =>
      Properties['FunctionName'] === 'dfns-rotator-audit' ? [id] : [],
    )
    for (const metric of counted) {
      expect(metric?.Namespace).toBe('AWS/Lambda')
      expect(metric && valueOf('FunctionName', metric)).toEqual({ Ref: audit })
    }
  })

  test('is not longer than CloudWatch lets an alarm be, and longer than a day of the audit', () => {
    const hours = 36
    expect(hours).toBeLessThan(7 * 24)
    const { Properties } = only(resources, 'AWS::Scheduler::Schedule')
    expect(Properties['ScheduleExpression']).toBe('rate(1 day)')
    // Without a date to start at it is invoked at once, which ends the silence of a new rotator.
    expect(Properties).not.toHaveProperty('StartDate')
  })
})

test('the alarm of dead letters looks at those that wait in the queue', () => {
  expect(alarm('dead-letters')).toMatchObject({
    Namespace: 'AWS/SQS',
    MetricName: 'ApproximateNumberOfMessagesVisible',
  })
})

describe('what audit finds', () => {
  const own = alarms.filter(({ AlarmName }) => /-found-(?!other)/.test(AlarmName))

  test('is counted as audit counts it: by service and type', () => {
    for (const each of own) {
      expect(each).toMatchObject({ Namespace: 'dfns-rotator', MetricName: 'Findings' })
      expect(valueOf('service', each)).toBe('dfns-rotator')
      expect(each.AlarmName).toBe(`dfns-rotator-found-${String(valueOf('type', each))}`)
    }
  })

  test('has an alarm, its own or the common one, unless it goes on by itself', () => {
    const common = (alarm('found-other').Metrics ?? []).flatMap(({ MetricStat }) =>
      MetricStat ? [valueOf('type', MetricStat.Metric)] : [],
    )
    const alarmed = [...own.map((each) => valueOf('type', each)), ...common].map(String)
    // What audit mends itself, and what only tells.
    const quiet = ['untracked', 'adopted', 'replica']
    expect([...alarmed, ...quiet].toSorted()).toEqual(Object.keys(findings).toSorted())
  })
})

type Line = Readonly<Record<string, string>>

/** Whether a filter pattern is of a line: equalities, `&&`, `||` and parentheses, `*` at the end of a value. */
function isCounted(pattern: unknown, line: Line): boolean {
  const holds = (field: string, value: string) =>
    value.endsWith('*') ? line[field]?.startsWith(value.slice(0, -1)) : line[field] === value
  const letter = (isTrue: boolean | undefined) => (isTrue ? 'T' : 'F')
  let rest = String(pattern)
    .replaceAll(/\$\.(\w+) = "([^"]*)"/g, (_, field: string, value: string) => letter(holds(field, value)))
    .replaceAll(/[{}\s]/g, '')
  for (let before = ''; before !== rest; ) {
    before = rest
    rest = rest
      .replaceAll(/\(([TF])\)/g, '$1')
      .replaceAll(/[TF]&&[TF]/g, (both) => letter(both === 'T&&T'))
      .replaceAll(/[TF]\|\|[TF]/g, (either) => letter(either.includes('T')))
  }
  if (rest !== 'T' && rest !== 'F') throw new Error(`No test understands the pattern ${String(pattern)}`)
  return rest === 'T'
}

describe('what is counted in the logs', () => {
  const filters = ofType(resources, 'AWS::Logs::MetricFilter').map(([, { Properties }]) => Properties)
  const failures = filters.filter(({ MetricTransformations }) =>
    JSON.stringify(MetricTransformations).includes('"Failures"'),
  )

  test('is every error, by its code, in each of the three logs', () => {
    expect(failures).toHaveLength(3)
    expect(new Set(failures.map(({ LogGroupName }) => JSON.stringify(LogGroupName))).size).toBe(3)
    for (const { MetricTransformations } of failures) {
      expect(MetricTransformations).toEqual([
        {
          MetricNamespace: 'dfns-rotator',
          MetricName: 'Failures',
          MetricValue: '1',
          Dimensions: [{ Key: 'code', Value: '$.code' }],
        },
      ])
    }
  })

  test.for([
    ['an invocation that failed', { message: 'phase failed', code: 'ERR_DFNS_UNAVAILABLE' }],
    ['a retirement that was undone', { message: 'phase failed', code: 'ERR_RETIRE_UNDONE' }],
    ['a retirement that audit undid', { message: 'finding', code: 'ERR_RETIRE_UNDONE' }],
  ] as const)('as an error is %s', ([, line]) => {
    for (const { FilterPattern } of failures) expect(isCounted(FilterPattern, line)).toBe(true)
  })

  test.for([
    ['what audit found', { message: 'finding', code: 'ERR_TAG' }],
    ['a question of the preflight that is answered with no', { message: 'probe', code: 'ERR_TAG' }],
    ['a step that is done', { message: 'phase done' }],
  ] as const)('as an error is not %s', ([, line]) => {
    for (const { FilterPattern } of failures) expect(isCounted(FilterPattern, line)).toBe(false)
  })

  test('rings where a retirement was undone', () => {
    expect(alarm('retire-undone')).toMatchObject({ Namespace: 'dfns-rotator', MetricName: 'Failures' })
    expect(valueOf('code', alarm('retire-undone'))).toBe('ERR_RETIRE_UNDONE')
  })

  test('is duration, calls and repetitions of each step, by step and kind', () => {
    const phases = filters.filter(({ FilterPattern }) => FilterPattern === '{ $.message = "phase done" }')
    const figures = phases.flatMap(
      ({ MetricTransformations }) => MetricTransformations as Record<string, unknown>[],
    )
    expect(figures.map(({ MetricName, MetricValue }) => [MetricName, MetricValue])).toEqual([
      ['PhaseDuration', '$.durationMs'],
      ['DfnsCalls', '$.dfnsCalls'],
      ['DfnsRetries', '$.retries'],
    ])
    for (const { Dimensions } of figures) {
      expect(Dimensions).toEqual([
        { Key: 'step', Value: '$.step' },
        { Key: 'kind', Value: '$.kind' },
      ])
    }
  })
})

describe('a rotation that failed or was given up', () => {
  const { Properties } = only(resources, 'AWS::Events::Rule')

  test('is what the rule matches', () => {
    expect(Properties['EventPattern']).toEqual({
      source: ['aws.secretsmanager'],
      'detail-type': ['AWS Service Event via CloudTrail'],
      detail: { eventName: ['RotationFailed', 'RotationAbandoned'] },
    })
  })

  test('is told to the topic, with the name of the secret', () => {
    expect(Properties['Targets']).toMatchObject([{ Arn: { Ref: topic } }])
    expect(JSON.stringify(Properties['Targets'])).toContain('$.detail.additionalEventData.SecretId')
  })
})

describe('the topic', () => {
  const { Statement: statements } = only(resources, 'AWS::SNS::TopicPolicy').Properties['PolicyDocument'] as {
    Statement: Record<string, unknown>[]
  }

  test('hears the alarms of this account, whose right its own policy would take away', () => {
    expect(statements).toContainEqual(
      expect.objectContaining({
        Action: 'sns:Publish',
        Effect: 'Allow',
        Principal: { Service: 'cloudwatch.amazonaws.com' },
        Condition: ofAlarms,
      }),
    )
  })

  test('hears the rule, and nobody without TLS', () => {
    expect(statements).toContainEqual(
      expect.objectContaining({ Effect: 'Allow', Principal: { Service: 'events.amazonaws.com' } }),
    )
    expect(statements).toContainEqual(
      expect.objectContaining({ Effect: 'Deny', Condition: { Bool: { 'aws:SecureTransport': 'false' } } }),
    )
  })
})

describe('the dashboard', () => {
  test('shows alarms, findings, errors, rotations, retirements and the figures of the steps', () => {
    const body = JSON.stringify(only(resources, 'AWS::CloudWatch::Dashboard').Properties['DashboardBody'])
    for (const shown of ['Findings', 'Failures', 'TriggeredRules', 'InvocationAttemptCount', 'PhaseDuration'])
      expect(body).toContain(shown)
    for (const name of [
      'DfnsCalls',
      'DfnsRetries',
      'ApproximateNumberOfMessagesVisible',
      'fields @timestamp',
    ])
      expect(body).toContain(name)
  })

  test('has among the last errors what is counted as one, and no other line with a code', () => {
    const body = JSON.stringify(only(resources, 'AWS::CloudWatch::Dashboard').Properties['DashboardBody'])
    expect(body.replaceAll('\\', '')).toContain(
      '| filter message = "phase failed" or code = "ERR_RETIRE_UNDONE"n| sort',
    )
  })

  test('labels each line with the values of its dimensions', () => {
    const body = JSON.stringify(only(resources, 'AWS::CloudWatch::Dashboard').Properties['DashboardBody'])
    for (const label of ["${PROP('Dim.code')}", "${PROP('Dim.kind')} ${PROP('Dim.step')}"])
      expect(body).toContain(label)
  })

  test('is left out where nobody wants it', () => {
    const { stack } = rotatorIn({ dashboard: false })
    expect(ofType(resourcesOf(stack), 'AWS::CloudWatch::Dashboard')).toEqual([])
  })
})
