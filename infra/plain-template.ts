import {
  App,
  CfnCondition,
  CfnOutput,
  CfnParameter,
  Fn,
  type IStackSynthesizer,
  LegacyStackSynthesizer,
  Stack,
  Validations,
} from 'aws-cdk-lib'
import { type CfnPolicy, Policy, PolicyStatement, type Role } from 'aws-cdk-lib/aws-iam'
import { Code } from 'aws-cdk-lib/aws-lambda'
import { Bucket } from 'aws-cdk-lib/aws-s3'
import { CfnSubscription } from 'aws-cdk-lib/aws-sns'
import { StringParameter } from 'aws-cdk-lib/aws-ssm'
import { AwsSolutionsChecks } from 'cdk-nag'
import type { Construct } from 'constructs'
import { DfnsRotator } from './dfns-rotator.ts'
import { contextOfSecret } from './grants.ts'
import type { FunctionName } from './names.ts'

/** The file in the bucket that holds a function's code. */
export const codeFile = (name: FunctionName) => `${name}.zip`

/** The template for accounts without CDK: the rotator for all secrets under one prefix. */
export function plainTemplate(release: { codeKeyPrefix: string; outdir: string }): App {
  const { outdir } = release
  const app = new App({ outdir, analyticsReporting: false, treeMetadata: false })
  new PlainStack(app, 'dfns-rotator', release)
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app))
  return app
}

/** What a parameter says, and whether it says anything. */
interface Given<T> {
  readonly value: T
  readonly condition: CfnCondition
}

/** Conditions that tell for which secrets a key may be used. */
type Which = Readonly<Partial<Record<'StringEquals' | 'StringLike', Readonly<Record<string, unknown>>>>>

class PlainStack extends Stack {
  constructor(scope: Construct, id: string, { codeKeyPrefix }: { codeKeyPrefix: string }) {
    super(scope, id, {
      description: 'Rotates Dfns credentials kept in AWS Secrets Manager',
      // Asks for no bootstrap of CDK: the code is where the parameters say.
      synthesizer: new LegacyStackSynthesizer() as IStackSynthesizer,
    })
    const prefix = this.#text('RotatedPrefix', {
      description: 'What the names of the secrets begin with, as in prod/dfns/',
      allowedPattern: '[A-Za-z0-9/_+=.@-]+',
    })
    const namePrefix = this.#text('NamePrefix', {
      description: 'What the names of functions, schedule group and queue begin with; never change it',
      default: 'dfns-rotator',
      allowedPattern: '[A-Za-z][A-Za-z0-9-]{0,39}',
    })
    const rotator = new DfnsRotator(this, 'Rotator', {
      namePrefix,
      policyParameterName: `/${namePrefix}/policy`,
      code: this.#code(codeKeyPrefix),
    })
    rotator.rotatesPrefix(prefix)
    this.#policy(namePrefix)
    const roles = Object.values(rotator.roles)
    const signers = this.#signers(roles)
    const key = this.#encryptionKey({ rotator, prefix })
    this.#signersKey({ roles, signers, key })
    this.#email(rotator.alarmTopic.topicArn)
    new CfnOutput(this, 'RotateFunctionArn', { value: rotator.functions.rotate.function.functionArn })
    new CfnOutput(this, 'AlarmTopicArn', { value: rotator.alarmTopic.topicArn })
  }

  #text(id: string, props: { description: string; default?: string; allowedPattern?: string }): string {
    return new CfnParameter(this, id, { type: 'String', ...props }).valueAsString
  }

  #isGiven(id: string, value: string): CfnCondition {
    return new CfnCondition(this, `Has${id}`, { expression: Fn.conditionNot(Fn.conditionEquals(value, '')) })
  }

  #code(codeKeyPrefix: string) {
    const bucketName = this.#text('CodeBucket', {
      description: 'The bucket, in this region, that holds rotate.zip, retire.zip and audit.zip',
    })
    const keyPrefix = this.#text('CodeKeyPrefix', {
      description: 'Where in the bucket; another one for each release, or CloudFormation sees no change',
      default: codeKeyPrefix,
    })
    const bucket = Bucket.fromBucketName(this, 'Code', bucketName)
    const from = (name: FunctionName) => Code.fromBucket(bucket, `${keyPrefix}/${codeFile(name)}`)
    return { rotate: from('rotate'), retire: from('retire'), audit: from('audit') }
  }

  #policy(namePrefix: string): void {
    new StringParameter(this, 'PolicyParameter', {
      parameterName: `/${namePrefix}/policy`,
      simpleName: false,
      description: 'Defaults and limits of dfns-rotator',
      stringValue: this.#text('Policy', {
        description: 'JSON: defaults and limits for every secret; see the README',
        default: '{}',
      }),
    })
  }

  #signers(roles: readonly Role[]): Given<readonly string[]> {
    const arns = new CfnParameter(this, 'SignerArns', {
      type: 'CommaDelimitedList',
      description:
        'ARNs of the secrets that sign for others and are not themselves rotated here; may be empty',
      default: '',
    }).valueAsList
    const actions = ['secretsmanager:GetSecretValue']
    const condition = this.#isGiven('Signers', Fn.join('', arns))
    const statement = new PolicyStatement({ actions, resources: arns })
    this.#grantIf({ condition, id: 'Signers', roles, statement })
    return { value: arns, condition }
  }

  #encryptionKey({ rotator, prefix }: { rotator: DfnsRotator; prefix: string }): Given<string> {
    const keyArn = this.#text('EncryptionKeyArn', {
      description: 'ARN of the customer key that encrypts the secrets; empty: aws/secretsmanager',
      default: '',
    })
    const condition = this.#isGiven('EncryptionKey', keyArn)
    const secrets = `arn:${this.partition}:secretsmanager:${this.region}:${this.account}:secret:${prefix}*`
    const under = { StringLike: { [contextOfSecret]: secrets } }
    const use = (action: string) => this.#useOfKey({ keyArn, action, which: under })
    const { rotate, retire, audit } = rotator.roles
    this.#grantIf({ condition, id: 'Decrypt', roles: [rotate, retire, audit], statement: use('kms:Decrypt') })
    this.#grantIf({ condition, id: 'Encrypt', roles: [rotate], statement: use('kms:GenerateDataKey') })
    return { value: keyArn, condition }
  }

  /** Signers are named, and lie outside the prefix: a key of theirs is granted for them alone. */
  #signersKey(of: { roles: readonly Role[]; signers: Given<readonly string[]>; key: Given<string> }): void {
    const { roles, signers, key } = of
    const own = this.#text('SignerEncryptionKeyArn', {
      description: 'ARN of the customer key that encrypts the signers; empty: that of the secrets, if any',
      default: '',
    })
    const isOwn = this.#isGiven('SignerEncryptionKey', own)
    const condition = new CfnCondition(this, 'HasEncryptedSigners', {
      expression: Fn.conditionAnd(signers.condition, Fn.conditionOr(isOwn, key.condition)),
    })
    const keyArn = Fn.conditionIf(isOwn.logicalId, own, key.value).toString()
    const which = { StringEquals: { [contextOfSecret]: signers.value } }
    const statement = this.#useOfKey({ keyArn, action: 'kms:Decrypt', which })
    this.#grantIf({ condition, id: 'DecryptSigners', roles, statement })
  }

  #useOfKey(use: { keyArn: string; action: string; which: Which }): PolicyStatement {
    const { keyArn, action, which } = use
    const via = { 'kms:ViaService': `secretsmanager.${this.region}.amazonaws.com` }
    const { StringEquals: equals, ...rest } = which
    const conditions = { StringEquals: { ...via, ...equals }, ...rest }
    return new PolicyStatement({ actions: [action], resources: [keyArn], conditions })
  }

  #grantIf(grant: {
    condition: CfnCondition
    id: string
    roles: readonly Role[]
    statement: PolicyStatement
  }): void {
    const { condition, id, roles, statement } = grant
    const policy = new Policy(this, id, { roles: [...roles], statements: [statement] })
    const resource = policy.node.defaultChild as CfnPolicy
    resource.cfnOptions.condition = condition
  }

  #email(topicArn: string): void {
    const endpoint = this.#text('AlarmEmail', {
      description: 'Who hears of alarms and failed rotations; may be empty',
      default: '',
    })
    const subscription = new CfnSubscription(this, 'Email', { topicArn, protocol: 'email', endpoint })
    subscription.cfnOptions.condition = this.#isGiven('AlarmEmail', endpoint)
  }
}
