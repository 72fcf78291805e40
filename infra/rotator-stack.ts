import { type Duration, RemovalPolicy, Stack, type StackProps } from 'aws-cdk-lib'
import { type IKey, Key } from 'aws-cdk-lib/aws-kms'
import { Secret } from 'aws-cdk-lib/aws-secretsmanager'
import { Topic } from 'aws-cdk-lib/aws-sns'
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions'
import type { Construct } from 'constructs'
import { durationOf, type SecretConfiguration, type StageConfiguration } from './configuration.ts'
import { DfnsRotator } from './dfns-rotator.ts'
import type { RotatorPolicy } from './policy.ts'
import { RotationWindow } from './rotation-window.ts'
import type { AnySecret } from './secret.ts'
import type { RotatesOptions } from './secret-rotation.ts'

export interface RotatorStackProps extends StackProps {
  readonly stage: StageConfiguration
}

/** One stage of the configuration: a rotator, and the secrets that it rotates. */
export class RotatorStack extends Stack {
  readonly rotator: DfnsRotator
  readonly #keys = new Map<string, IKey>()
  readonly #signers = new Map<string, AnySecret>()

  constructor(scope: Construct, id: string, { stage, ...props }: RotatorStackProps) {
    super(scope, id, props)
    const { namePrefix, policy, policyParameterName, alarmEmail, secrets, prefixes } = stage
    this.rotator = new DfnsRotator(this, 'Rotator', {
      namePrefix,
      policy: policy && policyOf(policy),
      policyParameterName,
    })
    const { alarmTopic } = this.rotator
    if (alarmEmail !== undefined && alarmTopic instanceof Topic) {
      alarmTopic.addSubscription(new EmailSubscription(alarmEmail))
    }
    for (const secret of secrets) this.rotator.rotates(this.#secretOf(secret), this.#optionsOf(secret))
    for (const { prefix, signerArns, signerEncryptionKeyArns, encryptionKeyArns } of prefixes) {
      const keys = signerEncryptionKeyArns.length === 0 ? [undefined] : signerEncryptionKeyArns
      this.rotator.rotatesPrefix(prefix, {
        signers: signerArns.flatMap((arn) => keys.map((key) => this.#signer(arn, key))),
        encryptionKeys: encryptionKeyArns.map((arn) => this.#key(arn)),
      })
    }
  }

  #secretOf({ name, arn, encryptionKeyArn }: SecretConfiguration): AnySecret {
    const encryptionKey = encryptionKeyArn === undefined ? {} : { encryptionKey: this.#key(encryptionKeyArn) }
    if (arn !== undefined) {
      const id = `Secret ${nameIn(arn)}`
      return Secret.fromSecretAttributes(this, id, { secretCompleteArn: arn, ...encryptionKey })
    }
    // Empty, not random: a rotation of it stops until `adopt` has put a credential there.
    return new Secret(this, `Secret ${name}`, {
      secretName: name ?? '',
      description: 'A Dfns credential, rotated by dfns-rotator',
      secretObjectValue: {},
      // Not after a deploy that is rolled back: its name would be taken at the next try.
      removalPolicy: RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
      ...encryptionKey,
    })
  }

  #optionsOf({ schedule, windowDuration, grace, ...options }: SecretConfiguration): RotatesOptions {
    const { kind, strategy, keyAlgorithm, webhookPing, holdIfUsed, rotateOnDeploy } = options
    const { signerArn, signerEncryptionKeyArn } = options
    return {
      schedule: schedule === undefined ? undefined : windowOf({ schedule, windowDuration }),
      grace: durationOf(grace),
      signer: signerArn === undefined ? undefined : this.#signer(signerArn, signerEncryptionKeyArn),
      kind,
      strategy,
      keyAlgorithm,
      webhookPing,
      holdIfUsed,
      rotateOnDeploy,
    }
  }

  #signer(arn: string, keyArn?: string): AnySecret {
    // One signer may be named here with its key, and there without it or with another one.
    const id = `Signer ${nameIn(arn)}${keyArn === undefined ? '' : ` ${nameIn(keyArn)}`}`
    const known = this.#signers.get(id)
    if (known) return known
    const encryptionKey = keyArn === undefined ? {} : { encryptionKey: this.#key(keyArn) }
    const signer = Secret.fromSecretAttributes(this, id, { secretCompleteArn: arn, ...encryptionKey })
    this.#signers.set(id, signer)
    return signer
  }

  #key(arn: string): IKey {
    const known = this.#keys.get(arn) ?? Key.fromKeyArn(this, `Key ${nameIn(arn).replace('key.', '')}`, arn)
    this.#keys.set(arn, known)
    return known
  }
}

/** The last part of an ARN, in a form that an id of a construct may have. */
const nameIn = (arn: string) => (arn.split(':').at(-1) ?? arn).replaceAll('/', '.')

const windowOf = ({ schedule, windowDuration }: { schedule: string; windowDuration: string | undefined }) =>
  RotationWindow.of(schedule, { duration: durationOf(windowDuration) })

function policyOf({ grace = {}, ...rest }: NonNullable<StageConfiguration['policy']>): RotatorPolicy {
  const { byKind = {}, ...single } = grace
  return { ...rest, grace: { ...durationsOf(single), byKind: durationsOf(byKind) } }
}

function durationsOf<K extends string>(texts: { readonly [key in K]?: string | undefined }) {
  const entries = Object.entries<string | undefined>(texts)
  return Object.fromEntries(entries.map(([name, text]) => [name, durationOf(text)])) as {
    readonly [key in K]?: Duration | undefined
  }
}
