import { CfnResource, type Duration, Tags, Token } from 'aws-cdk-lib'
import type { AlgorithmChoice } from '../lambdas/crypto/algorithms.ts'
import type { AnySecret } from './secret.ts'

/** What the owner of a secret chooses for it; each is a tag on the secret. */
export interface RotationKnobs {
  /**
   * How long a superseded credential stays active.
   *
   * @default - the policy's
   */
  readonly grace?: Duration | undefined
  /**
   * Who signs the change at Dfns.
   *
   * @default 'auto', which finds out what Dfns allows
   */
  readonly strategy?: 'auto' | 'self' | 'signer' | 'replace' | undefined
  /**
   * The algorithm of new keys.
   *
   * @default - the policy's
   */
  readonly keyAlgorithm?: AlgorithmChoice | undefined
  /**
   * Whether a receiver that does not answer the ping of its new webhook stops the rotation.
   *
   * @default 'required'
   */
  readonly webhookPing?: 'required' | 'best-effort' | undefined
  /**
   * Whether a credential that signed within the last hour of its grace gets one more grace, once.
   *
   * @default false
   */
  readonly holdIfUsed?: boolean | undefined
}

/** The tags that say it; one for each knob that was turned. */
function tagsOf(knobs: RotationKnobs): ReadonlyMap<string, string> {
  const { grace, strategy, keyAlgorithm, webhookPing, holdIfUsed } = knobs
  const values = {
    grace: grace?.toIsoString(),
    strategy,
    'key-algorithm': keyAlgorithm,
    'webhook-ping': webhookPing,
    'hold-if-used': holdIfUsed?.toString(),
  }
  const turned = Object.entries(values).filter((entry): entry is [string, string] => entry[1] !== undefined)
  return new Map(turned.map(([name, value]) => [`dfns-rotator:${name}`, value]))
}

/**
 * Tags the secret. CloudFormation tags only what it owns, and CDK passes over anything else in silence; so an
 * imported secret is refused, with the command that does it.
 */
export function turnKnobs({ secret, knobs }: { secret: AnySecret; knobs: RotationKnobs }): void {
  const tags = tagsOf(knobs)
  if (tags.size > 0 && !isOwned(secret)) throw new Error(notTaggable({ secret, tags }))
  for (const [key, value] of tags) Tags.of(secret).add(key, value)
}

function isOwned({ node }: AnySecret): boolean {
  const { defaultChild } = node
  return (
    defaultChild !== undefined &&
    CfnResource.isCfnResource(defaultChild) &&
    defaultChild.cfnResourceType === 'AWS::SecretsManager::Secret'
  )
}

function notTaggable({ secret, tags }: { secret: AnySecret; tags: ReadonlyMap<string, string> }): string {
  const { secretArn, node } = secret
  const id = Token.isUnresolved(secretArn) ? 'SECRET_ARN' : secretArn
  const list = [...tags].map(([key, value]) => `Key=${key},Value=${value}`).join(' ')
  return (
    `${node.path} is imported, and CloudFormation cannot tag what it does not own. Leave ` +
    `${[...tags.keys()].join(', ')} out here, and run: ` +
    `aws secretsmanager tag-resource --secret-id ${id} --tags ${list}`
  )
}
