import { ArnFormat, Duration, Stack, Token } from 'aws-cdk-lib'
import type { Role } from 'aws-cdk-lib/aws-iam'
import type { IKey } from 'aws-cdk-lib/aws-kms'
import { RetentionDays } from 'aws-cdk-lib/aws-logs'
import type { ITopic } from 'aws-cdk-lib/aws-sns'
import { Construct } from 'constructs'
import {
  allowRotation,
  builtCode,
  createFunctions,
  type RotatorCode,
  type RotatorFunctionOptions,
  type RotatorFunctions,
} from './functions.ts'
import { SecretGrants } from './grants.ts'
import { RotatorMonitoring } from './monitoring.ts'
import { type FixedNames, namesOf } from './names.ts'
import { type Graces, gracesOf, grantPolicy, type RotatorPolicy, writePolicy } from './policy.ts'
import { policyProblems } from './policy-size.ts'
import { RetirementSchedules } from './retirement.ts'
import { type AnySecret, assertOneSecret } from './secret.ts'
import { type RotatesOptions, SecretRotation } from './secret-rotation.ts'

/** What one account and region need to rotate Dfns credentials. */
export interface DfnsRotatorProps {
  /**
   * What the names of functions, schedule group, queue and parameter begin with; never change it while there
   * are schedules, which invoke the functions by name.
   *
   * @default 'dfns-rotator'
   */
  readonly namePrefix?: string | undefined
  /**
   * Defaults and limits for every secret, written to the SSM parameter `/<namePrefix>/policy`.
   *
   * @default - none is written
   */
  readonly policy?: RotatorPolicy | undefined
  /**
   * Name of an SSM parameter of type String that holds the policy, in the place of `policy`.
   *
   * @default - the defaults of each property of `RotatorPolicy`
   */
  readonly policyParameterName?: string | undefined
  /**
   * The code of the three functions.
   *
   * @default - the folders that `npm run build` writes, as they are
   */
  readonly code?: RotatorCode | undefined
  /**
   * What is said of all three functions: memory (of audit only if it is more than 1,024 MB), VPC,
   * environment, tracing.
   *
   * @default - 512 MB, of audit 1,024 MB; no VPC
   */
  readonly functionProps?: RotatorFunctionOptions | undefined
  /**
   * How long one step of a rotation may take, 15 minutes at most. A step that Dfns's rate limit holds up
   * waits for the next minute, and perhaps for the one after it; a webhook's receiver is pinged until 30
   * seconds before the end.
   *
   * @default Duration.minutes(5)
   */
  readonly rotateTimeout?: Duration | undefined
  /**
   * How long logs are kept.
   *
   * @default RetentionDays.TWO_MONTHS
   */
  readonly logRetention?: RetentionDays | undefined
  /**
   * Where alarms and failed rotations are told.
   *
   * @default - a topic of its own, `alarmTopic`, without subscriptions
   */
  readonly alarmTopic?: ITopic | undefined
  /**
   * Whether there is a CloudWatch dashboard.
   *
   * @default true
   */
  readonly dashboard?: boolean | undefined
}

/** What belongs to all secrets under one prefix. */
export interface RotatesPrefixOptions {
  /**
   * The secrets whose credentials sign for these.
   *
   * @default - each credential signs for itself
   */
  readonly signers?: readonly AnySecret[] | undefined
  /**
   * The customer keys that encrypt these secrets.
   *
   * @default - they are encrypted with aws/secretsmanager
   */
  readonly encryptionKeys?: readonly IKey[] | undefined
}

/** A function's policy holds 20 KB, and each permission takes some 415 bytes of it. */
const mostSecrets = 40

/**
 * Rotates Dfns credentials that are kept in AWS Secrets Manager: the functions rotate, retire and audit, each
 * with a role that may do what it does and nothing else, the schedules that end a grace, and alarms.
 */
export class DfnsRotator extends Construct {
  readonly functions: RotatorFunctions
  readonly schedules: RetirementSchedules
  readonly monitoring: RotatorMonitoring
  /** Where alarms and failed rotations are told. */
  readonly alarmTopic: ITopic
  readonly #names: FixedNames
  readonly #graces: Graces
  readonly #grants: SecretGrants
  readonly #secrets = new Set<string>()

  constructor(scope: Construct, id: string, props: DfnsRotatorProps = {}) {
    super(scope, id)
    const { namePrefix: prefix = 'dfns-rotator', policy, policyParameterName } = props
    if (policy && policyParameterName !== undefined) {
      throw new Error('policy and policyParameterName are two ways to say one thing: leave one out')
    }
    this.#names = namesOf({ scope: this, prefix })
    this.#graces = gracesOf(policy)
    const policyName = policy ? writePolicy({ scope: this, prefix, policy }) : policyParameterName
    this.schedules = new RetirementSchedules(this, 'Schedules', { names: this.#names })
    this.functions = this.#createFunctions({ props, policyName })
    if (policyName !== undefined) grantPolicy({ functions: this.functions, name: policyName })
    this.#grants = new SecretGrants({ roles: this.roles, rotateArn: this.#names.functionArn('rotate') })
    this.#grants.listing()
    this.schedules.serve(this.functions)
    this.schedules.auditDaily(this.functions)
    this.monitoring = new RotatorMonitoring(this, 'Monitoring', {
      names: this.#names,
      functions: this.functions,
      deadLetters: this.schedules.deadLetters,
      ...(props.alarmTopic && { topic: props.alarmTopic }),
      dashboard: props.dashboard ?? true,
    })
    this.alarmTopic = this.monitoring.topic
    this.node.addValidation({ validate: () => policyProblems(this.functions) })
  }

  /** The role of each function, for what an app of its own has to add. */
  get roles(): Readonly<Record<keyof RotatorFunctions, Role>> {
    const { rotate, retire, audit } = this.functions
    return { rotate: rotate.role, retire: retire.role, audit: audit.role }
  }

  /**
   * Rotates one secret: its tags, grants and schedule. At most 40, and fewer where the roles have no room for
   * their signers and customer keys; above that see `rotatesPrefix`.
   */
  rotates(secret: AnySecret, options: RotatesOptions = {}): SecretRotation {
    assertOneSecret({ secret, rotator: this })
    const id = secret.node.path.replaceAll('/', '.')
    if (this.#secrets.size === mostSecrets && !this.#secrets.has(id)) {
      throw new Error(
        `${this.node.path} rotates ${mostSecrets} secrets already; a function's policy holds no more. ` +
          "Let all of them have one prefix, and say rotatesPrefix('prod/dfns/') once.",
      )
    }
    const { rotate } = this.functions
    const parts = { secret, rotate, graces: this.#graces, options }
    const rotation = new SecretRotation(this, `Rotates ${id}`, parts)
    this.#secrets.add(id)
    this.#grants.managed({ arn: secret.secretArn, key: secret.encryptionKey })
    if (options.signer) this.#grantSigner(options.signer)
    return rotation
  }

  /**
   * Lets every secret whose name begins like `prefix` be rotated, as long as its rotation function is this
   * one: one permission and one grant, for any number of secrets. Whoever owns them tags them and turns
   * rotation on.
   */
  rotatesPrefix(prefix: string, { signers = [], encryptionKeys = [] }: RotatesPrefixOptions = {}): void {
    if (!Token.isUnresolved(prefix) && !/^[\w/+=.@-]+$/.test(prefix)) {
      throw new Error(`"${prefix}" is not the beginning of a secret's name (without wildcards)`)
    }
    const arn = Stack.of(this).formatArn({
      service: 'secretsmanager',
      resource: 'secret',
      resourceName: `${prefix}*`,
      arnFormat: ArnFormat.COLON_RESOURCE_NAME,
    })
    const id = Token.isUnresolved(prefix) ? 'ByPrefix' : `ByPrefix ${prefix.replaceAll('/', '.')}`
    allowRotation({ scope: this, id, rotate: this.functions.rotate, secretArn: arn })
    this.#grants.prefix({ arn, keys: encryptionKeys })
    for (const signer of signers) this.#grantSigner(signer)
  }

  #grantSigner(signer: AnySecret): void {
    assertOneSecret({ secret: signer, rotator: this })
    this.#grants.signer({ arn: signer.secretArn, key: signer.encryptionKey })
  }

  #createFunctions(parts: { props: DfnsRotatorProps; policyName: string | undefined }): RotatorFunctions {
    const { props, policyName } = parts
    const { functionArn, scheduleGroup } = this.#names
    const { role, deadLetters } = this.schedules
    return createFunctions({
      scope: this,
      names: this.#names,
      code: props.code ?? builtCode(),
      options: props.functionProps ?? {},
      rotateTimeout: props.rotateTimeout ?? Duration.minutes(5),
      logRetention: props.logRetention ?? RetentionDays.TWO_MONTHS,
      environment: {
        ...(policyName !== undefined && { DFNS_ROTATOR_POLICY: policyName }),
        DFNS_ROTATOR_ROTATE_ARN: functionArn('rotate'),
        DFNS_ROTATOR_RETIRE_ARN: functionArn('retire'),
        DFNS_ROTATOR_AUDIT_ARN: functionArn('audit'),
        DFNS_ROTATOR_SCHEDULER_ROLE_ARN: role.roleArn,
        DFNS_ROTATOR_SCHEDULE_GROUP: scheduleGroup,
        DFNS_ROTATOR_DEAD_LETTER_ARN: deadLetters.queueArn,
      },
    })
  }
}
