import { Lazy, Stack } from 'aws-cdk-lib'
import { PolicyStatement, type Role } from 'aws-cdk-lib/aws-iam'
import type { IKey } from 'aws-cdk-lib/aws-kms'
import { acknowledgeWildcard } from './acknowledgements.ts'
import { type FunctionName, functionNames } from './names.ts'

/** What each function calls on a secret that is rotated. */
const onManaged: Readonly<Record<FunctionName, readonly string[]>> = {
  rotate: ['DescribeSecret', 'GetSecretValue', 'PutSecretValue', 'UpdateSecretVersionStage'],
  retire: ['DescribeSecret', 'GetSecretValue', 'UpdateSecretVersionStage'],
  audit: ['DescribeSecret', 'GetSecretValue', 'ListSecretVersionIds', 'UpdateSecretVersionStage'],
}
/** The secret of a signer is read at AWSCURRENT, and otherwise left alone. */
const onSigner = ['GetSecretValue']

/** A key of a secret that is rotated. One list of actions, because their statement names every secret. */
const withKeyOfManaged: Readonly<Record<FunctionName, readonly string[]>> = {
  rotate: ['kms:Decrypt', 'kms:GenerateDataKey'],
  retire: ['kms:Decrypt'],
  audit: ['kms:Decrypt'],
}
const withKeyOfSigner = ['kms:Decrypt']

/** Secrets Manager's encryption context. */
export const contextOfSecret = 'kms:EncryptionContext:SecretARN'

/** A secret, by its complete ARN, and the customer key that encrypts it. */
export interface Granted {
  readonly arn: string
  readonly key?: IKey | undefined
}

/**
 * The grants on secrets. One statement a function and purpose, which grows with every secret: a role's inline
 * policies hold 10,240 characters in all, and a statement for each secret would fill them. Whether they fit
 * is asked of the whole at synthesis (`policyProblems`).
 */
export class SecretGrants {
  readonly #roles: Readonly<Record<FunctionName, Role>>
  readonly #rotateArn: string
  readonly #statements = new Map<string, PolicyStatement>()
  readonly #keyUses = new Map<string, string[]>()

  constructor({ roles, rotateArn }: { roles: Readonly<Record<FunctionName, Role>>; rotateArn: string }) {
    this.#roles = roles
    this.#rotateArn = rotateArn
  }

  /** A secret that is rotated. */
  managed({ arn, key }: Granted): void {
    for (const name of functionNames) {
      this.#growing({ name, purpose: 'managed', actions: onManaged[name] }).addResources(arn)
    }
    this.#keyOfManaged({ arn, key })
  }

  /** The secret of somebody who signs for others. */
  signer({ arn, key }: Granted): void {
    for (const name of functionNames) {
      this.#growing({ name, purpose: 'signer', actions: onSigner }).addResources(arn)
      if (key) this.#useKey({ name, key, actions: withKeyOfSigner, arn })
    }
  }

  /** Every secret whose ARN begins like this one, as long as it is the rotate function that rotates it. */
  prefix({ arn, keys }: { arn: string; keys: readonly IKey[] }): void {
    const conditions = { StringEquals: { 'secretsmanager:resource/AllowRotationLambdaArn': this.#rotateArn } }
    for (const name of functionNames) {
      const actions = secretsManager(onManaged[name])
      this.#roles[name].addToPolicy(new PolicyStatement({ actions, resources: [arn], conditions }))
      const reason = 'The prefix that the app named, and of it only what the rotate function rotates'
      acknowledgeWildcard({ role: this.#roles[name], resource: arn, reason })
    }
    if (keys.length > 0) this.#keysOfPrefix({ arn, keys })
  }

  /** Finding what is rotated. ListSecrets knows no resources: whoever may list sees every name and tag. */
  listing(): void {
    const actions = secretsManager(['ListSecrets'])
    const { audit: role } = this.#roles
    role.addToPolicy(new PolicyStatement({ actions, resources: ['*'] }))
    const reason = 'ListSecrets and ListSchedules know no resources; both show names, and no values'
    acknowledgeWildcard({ role, resource: '*', reason })
  }

  #growing(grant: { name: FunctionName; purpose: string; actions: readonly string[] }): PolicyStatement {
    const { name, purpose, actions } = grant
    const id = `${name} ${purpose}`
    const known = this.#statements.get(id)
    if (known) return known
    const statement = new PolicyStatement({ actions: secretsManager(actions) })
    this.#statements.set(id, statement)
    this.#roles[name].addToPolicy(statement)
    return statement
  }

  #keyOfManaged({ arn, key }: Granted): void {
    if (!key) return
    for (const name of functionNames) {
      this.#useKey({ name, key, actions: withKeyOfManaged[name], arn })
    }
  }

  /** One statement, however many keys: the secrets for which they may be used are the same. */
  #keysOfPrefix({ arn, keys }: { arn: string; keys: readonly IKey[] }): void {
    for (const name of functionNames) {
      const conditions = {
        StringEquals: this.#viaSecretsManager(name),
        StringLike: { [contextOfSecret]: [arn] },
      }
      const resources = keys.map(({ keyArn }) => keyArn)
      this.#roles[name].addToPolicy(
        new PolicyStatement({ actions: [...withKeyOfManaged[name]], resources, conditions }),
      )
    }
  }

  /** By way of Secrets Manager alone, and for these secrets alone. */
  #useKey(use: { name: FunctionName; key: IKey; actions: readonly string[]; arn: string }): void {
    const { name, key, actions, arn } = use
    const id = `${name} ${actions.join(' ')} ${key.keyArn}`
    const known = this.#keyUses.get(id)
    if (known) {
      if (!known.includes(arn)) known.push(arn)
      return
    }
    const secrets = [arn]
    this.#keyUses.set(id, secrets)
    const context = { [contextOfSecret]: Lazy.list({ produce: () => [...secrets] }) }
    const conditions = { StringEquals: { ...this.#viaSecretsManager(name), ...context } }
    this.#roles[name].addToPolicy(
      new PolicyStatement({ actions: [...actions], resources: [key.keyArn], conditions }),
    )
  }

  #viaSecretsManager(name: FunctionName): Readonly<Record<string, string>> {
    return { 'kms:ViaService': `secretsmanager.${Stack.of(this.#roles[name]).region}.amazonaws.com` }
  }
}

const secretsManager = (actions: readonly string[]) => actions.map((action) => `secretsmanager:${action}`)
