import { Stack, Token } from 'aws-cdk-lib'
import type { IKey } from 'aws-cdk-lib/aws-kms'
import type { Construct, IConstruct } from 'constructs'

/** What is asked of a secret: every ISecret, and every Secret in apps with exactOptionalPropertyTypes too. */
export interface AnySecret extends IConstruct {
  readonly secretArn: string
  readonly secretFullArn?: string | undefined
  readonly encryptionKey?: IKey | undefined
}

/** The six characters that end it tell a secret from a later one of the same name. */
export const completeArn =
  /^arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:\d{12}:secret:[\w/+=.@!-]+-[A-Za-z0-9]{6}$/

/** Refuses what is not one secret of the rotator's own account and region. */
export function assertOneSecret({ secret, rotator }: { secret: AnySecret; rotator: Construct }): void {
  const { secretArn, secretFullArn, node } = secret
  if (Token.isUnresolved(secretArn) && secretFullArn !== undefined) return
  const isComplete = secretFullArn !== undefined && completeArn.test(secretFullArn)
  const [, , , region, account] = isComplete ? secretFullArn.split(':') : []
  if (region === undefined || account === undefined) {
    throw new Error(
      `${node.path} is imported without its complete ARN: use Secret.fromSecretCompleteArn, with the six ` +
        'characters that Secrets Manager adds to the name, and without wildcards.',
    )
  }
  const here = Stack.of(rotator)
  const isElsewhere = (own: string, other: string) => !Token.isUnresolved(own) && own !== other
  if (isElsewhere(here.region, region) || isElsewhere(here.account, account)) {
    throw new Error(
      `${node.path} is in ${account}, ${region}, but its rotator in ${here.account}, ${here.region}. ` +
        'A secret is rotated where it is, and a replica where its primary is.',
    )
  }
}
