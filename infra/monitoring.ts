import { ArnFormat, Stack } from 'aws-cdk-lib'
import type { Alarm } from 'aws-cdk-lib/aws-cloudwatch'
import { EventField, Rule, RuleTargetInput } from 'aws-cdk-lib/aws-events'
import { SnsTopic } from 'aws-cdk-lib/aws-events-targets'
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam'
import { type ITopic, Topic } from 'aws-cdk-lib/aws-sns'
import type { Queue } from 'aws-cdk-lib/aws-sqs'
import { Construct } from 'constructs'
import { createAlarms } from './alarms.ts'
import { createDashboard } from './dashboard.ts'
import type { RotatorFunctions } from './functions.ts'
import { countInLogs } from './metrics.ts'
import type { FixedNames } from './names.ts'

/** What is watched, and where it is told. */
export interface RotatorMonitoringProps {
  readonly names: FixedNames
  readonly functions: RotatorFunctions
  readonly deadLetters: Queue
  /**
   * Where alarms and failed rotations are told.
   *
   * @default - a topic of its own
   */
  readonly topic?: ITopic
  readonly dashboard: boolean
}

/** One topic, the alarms that speak to it, and a dashboard for whoever wants to look. */
export class RotatorMonitoring extends Construct {
  readonly topic: ITopic
  readonly alarms: readonly Alarm[]
  /** Matches every rotation of this account and region that failed or was given up. */
  readonly failedRotations: Rule

  constructor(scope: Construct, id: string, props: RotatorMonitoringProps) {
    super(scope, id)
    const { names, functions, deadLetters, dashboard } = props
    this.topic = props.topic ?? new Topic(this, 'Topic', { displayName: 'dfns-rotator', enforceSSL: true })
    this.#letAlarmsSpeak()
    countInLogs(functions)
    this.failedRotations = this.#tellFailedRotations()
    this.alarms = createAlarms({ scope: this, names, functions, deadLetters, topic: this.topic })
    if (dashboard)
      createDashboard({ scope: this, ...props, alarms: this.alarms, failed: this.failedRotations })
  }

  /**
   * The rule gives the topic a policy, which takes the place of SNS's own: the one that lets the account's
   * alarms publish. So it has to say that, too, for every alarm that spoke to an app's topic before. CDK adds
   * nothing to the policy of an imported topic; its owner has to.
   */
  #letAlarmsSpeak(): void {
    const { account } = Stack.of(this)
    const alarms = Stack.of(this).formatArn({
      service: 'cloudwatch',
      resource: 'alarm',
      resourceName: '*',
      arnFormat: ArnFormat.COLON_RESOURCE_NAME,
    })
    this.topic.addToResourcePolicy(
      new PolicyStatement({
        actions: ['sns:Publish'],
        principals: [new ServicePrincipal('cloudwatch.amazonaws.com')],
        resources: [this.topic.topicArn],
        conditions: {
          StringEquals: { 'aws:SourceAccount': account },
          ArnLike: { 'aws:SourceArn': alarms },
        },
      }),
    )
  }

  /**
   * Secrets Manager has no metric of rotations; these two events come by way of CloudTrail. They are not
   * limited to the secrets of this rotator: an event pattern has no room for forty ARNs.
   */
  #tellFailedRotations(): Rule {
    const field = (path: string) => EventField.fromPath(`$.detail.${path}`)
    const secret = field('additionalEventData.SecretId')
    const what = `${field('eventName')} of ${secret} in ${EventField.region}`
    return new Rule(this, 'FailedRotations', {
      description: 'Rotations that Secrets Manager could not finish',
      eventPattern: {
        source: ['aws.secretsmanager'],
        detailType: ['AWS Service Event via CloudTrail'],
        detail: { eventName: ['RotationFailed', 'RotationAbandoned'] },
      },
      targets: [
        new SnsTopic(this.topic, { message: RuleTargetInput.fromText(`${what}: see the log of rotate.`) }),
      ],
    })
  }
}
