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

/** A secret, by its complete ARN or one that ends with `*`, and the customer key that encrypts it. */
export interface Granted {
  readonly arn: string
  readonly key?: IKey | undefined
}

/**
 * The grants on secrets. One statement a function and purpose, which grows with every secret: a role's inline
 * policies hold 10,240 characters in all, and a statement for each secret would fill them.
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
      if (key) this.#useKey({ name, key, action: 'kms:Decrypt', arn })
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
    for (const key of keys) this.#keyOfManaged({ arn, key })
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
    for (const name of functionNames) this.#useKey({ name, key, action: 'kms:Decrypt', arn })
    this.#useKey({ name: 'rotate', key, action: 'kms:GenerateDataKey', arn })
  }

  /** By way of Secrets Manager alone, and for these secrets alone (Secrets Manager's encryption context). */
  #useKey(use: { name: FunctionName; key: IKey; action: string; arn: string }): void {
    const { name, key, action, arn } = use
    const operator = arn.endsWith('*') ? 'StringLike' : 'StringEquals'
    const id = `${name} ${action} ${operator} ${key.keyArn}`
    const known = this.#keyUses.get(id)
    if (known) {
      if (!known.includes(arn)) known.push(arn)
      return
    }
    const secrets = [arn]
    this.#keyUses.set(id, secrets)
    const { region } = Stack.of(this.#roles[name])
    this.#roles[name].addToPolicy(
      new PolicyStatement({
        actions: [action],
        resources: [key.keyArn],
        conditions: conditionOf({ operator, secrets, viaService: `secretsmanager.${region}.amazonaws.com` }),
      }),
    )
  }
}

const secretsManager = (actions: readonly string[]) => actions.map((action) => `secretsmanager:${action}`)

function conditionOf(condition: {
  operator: 'StringEquals' | 'StringLike'
  secrets: readonly string[]
  viaService: string
}): Record<string, Record<string, unknown>> {
  const { operator, secrets, viaService } = condition
  const context = { 'kms:EncryptionContext:SecretARN': Lazy.list({ produce: () => [...secrets] }) }
  const via = { 'kms:ViaService': viaService }
  return operator === 'StringEquals'
    ? { StringEquals: { ...via, ...context } }
    : { StringEquals: via, StringLike: context }
}
