import { readOnlyReplica, secretDenied } from './errors.ts'
import type { Operation } from './operation.ts'
import type { Vault } from './vault.ts'

/** What a replica refuses: its primary alone is changed, and rotated. */
const CHANGES: ReadonlySet<string> = new Set([
  'CancelRotateSecret',
  'DeleteSecret',
  'PutSecretValue',
  'RemoveRegionsFromReplication',
  'ReplicateSecretToRegions',
  'RestoreSecret',
  'RotateSecret',
  'TagResource',
  'UntagResource',
  'UpdateSecret',
  'UpdateSecretVersionStage',
])

/** The operation `name`, as callers reach it: where they may, and where the secret can be changed. */
export function guarded({
  name,
  perform,
  vault,
}: {
  name: string
  perform: Operation
  vault: Vault
}): Operation {
  return (input) => {
    const { SecretId } = input
    const secret = typeof SecretId === 'string' ? vault.lookUp(SecretId) : undefined
    if (secret && vault.deniedSecrets.has(secret.arn))
      throw secretDenied({ arn: secret.arn, operation: name })
    if (secret?.primaryRegion !== undefined && CHANGES.has(name)) throw readOnlyReplica()
    return perform(input)
  }
}
