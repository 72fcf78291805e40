import { Duration, RemovalPolicy, Stack } from 'aws-cdk-lib'
import { PolicyDocument, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam'
import { CfnEventInvokeConfig } from 'aws-cdk-lib/aws-lambda'
import { CfnSchedule, ScheduleGroup } from 'aws-cdk-lib/aws-scheduler'
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs'
import { Construct } from 'constructs'
import { acknowledgeLastQueue, acknowledgeWildcard } from './acknowledgements.ts'
import type { RotatorFunctions } from './functions.ts'
import type { FixedNames } from './names.ts'

/**
 * Where the ends of graces are kept. All of it outlives the stack: a schedule is the only thing that ends a
 * grace, and a schedule that finds no function any more should at least leave a letter in the queue. But a
 * deploy that fails and is rolled back takes along what it made: the names would be taken at the next try.
 */
export class RetirementSchedules extends Construct {
  /** What could not be delivered, or failed for good: each message is a credential that stays active. */
  readonly deadLetters: Queue
  readonly group: ScheduleGroup
  /** What EventBridge Scheduler acts as. */
  readonly role: Role
  readonly #names: FixedNames

  constructor(scope: Construct, id: string, { names }: { names: FixedNames }) {
    super(scope, id)
    this.#names = names
    this.group = new ScheduleGroup(this, 'Group', {
      scheduleGroupName: names.scheduleGroup,
      removalPolicy: RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
    })
    this.deadLetters = new Queue(this, 'DeadLetters', {
      queueName: names.deadLetterQueue,
      encryption: QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      retentionPeriod: Duration.days(14),
      removalPolicy: RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
    })
    acknowledgeLastQueue(this.deadLetters)
    this.role = this.#createRole()
  }

  // The policy is inline: a separate one would be deleted with the stack, and the role that stays could do
  // nothing.
  #createRole(): Role {
    const { account } = Stack.of(this)
    const { scheduleGroupArn, functionArn } = this.#names
    const role = new Role(this, 'SchedulerRole', {
      description: 'What the schedules of dfns-rotator act as',
      assumedBy: new ServicePrincipal('scheduler.amazonaws.com', {
        conditions: { StringEquals: { 'aws:SourceAccount': account, 'aws:SourceArn': scheduleGroupArn } },
      }),
      inlinePolicies: {
        Deliver: new PolicyDocument({
          statements: [
            new PolicyStatement({
              actions: ['lambda:InvokeFunction'],
              resources: [functionArn('retire'), functionArn('audit')],
            }),
            new PolicyStatement({ actions: ['sqs:SendMessage'], resources: [this.deadLetters.queueArn] }),
          ],
        }),
      },
    })
    role.applyRemovalPolicy(RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE)
    return role
  }

  /** Lets the functions write the schedules they write, and the dead letters that Lambda writes for them. */
  serve(functions: RotatorFunctions): void {
    const { schedulesArn } = this.#names
    const scheduler = (actions: readonly string[], resource = schedulesArn) =>
      new PolicyStatement({
        actions: actions.map((action) => `scheduler:${action}`),
        resources: [resource],
      })
    const { rotate, retire, audit } = functions
    rotate.role.addToPolicy(scheduler(['CreateSchedule', 'UpdateSchedule']))
    retire.role.addToPolicy(scheduler(['CreateSchedule', 'GetSchedule', 'UpdateSchedule']))
    audit.role.addToPolicy(scheduler(['CreateSchedule', 'GetSchedule', 'UpdateSchedule']))
    // ListSchedules knows no resources (Service Authorization Reference, Amazon EventBridge Scheduler).
    audit.role.addToPolicy(scheduler(['ListSchedules'], '*'))
    for (const { role } of [rotate, retire, audit]) {
      role.addToPolicy(this.#passRole())
      const reason = 'A schedule is named after a hash of its secret, so the group is the narrowest resource'
      acknowledgeWildcard({ role, resource: schedulesArn, reason })
    }
    for (const name of ['retire', 'audit'] as const) this.#failTo({ name, functions })
  }

  #passRole(): PolicyStatement {
    return new PolicyStatement({
      actions: ['iam:PassRole'],
      resources: [this.role.roleArn],
      conditions: { StringEquals: { 'iam:PassedToService': 'scheduler.amazonaws.com' } },
    })
  }

  #failTo({ name, functions }: { name: 'retire' | 'audit'; functions: RotatorFunctions }): void {
    const { role, function: target } = functions[name]
    const destination = this.deadLetters.queueArn
    role.addToPolicy(new PolicyStatement({ actions: ['sqs:SendMessage'], resources: [destination] }))
    new CfnEventInvokeConfig(target, 'OnFailure', {
      functionName: target.functionName,
      qualifier: '$LATEST',
      maximumRetryAttempts: 2,
      maximumEventAgeInSeconds: 21_600,
      destinationConfig: { onFailure: { destination } },
    })
  }

  /** Invokes audit once a day. */
  auditDaily(functions: RotatorFunctions): void {
    const schedule = new CfnSchedule(this, 'DailyAudit', {
      name: `${this.#names.prefix}-audit-daily`,
      description: 'Compares Dfns with AWS Secrets Manager',
      groupName: this.group.scheduleGroupName,
      scheduleExpression: 'rate(1 day)',
      flexibleTimeWindow: { mode: 'OFF' },
      target: {
        arn: this.#names.functionArn('audit'),
        roleArn: this.role.roleArn,
        input: '{}',
        deadLetterConfig: { arn: this.deadLetters.queueArn },
      },
    })
    // Named, not referred to.
    schedule.node.addDependency(this.group, functions.audit.function)
  }
}
