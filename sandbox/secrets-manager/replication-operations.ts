import { invalidReplicaRegion } from './errors.ts'
import { type Input, outOfBounds, requiredText, secretId, structures, text, texts } from './input.ts'
import type { Operation, Parts } from './operation.ts'
import { replicationStatus } from './replication.ts'
import { REGION } from './secret.ts'

const REGION_CODE = { max: 128, pattern: /^([a-z]+-)+\d+$/ }

/** AddReplicaRegions: region → the key that its copy is encrypted with, if one is named. */
function replicasOf(input: Input): Map<string, { kmsKeyId?: string }> {
  const replicas = (structures(input, 'AddReplicaRegions') ?? []).map((replica) => {
    const kmsKeyId = text(replica, 'KmsKeyId', { max: 2048 })
    return [requiredText(replica, 'Region', REGION_CODE), kmsKeyId === undefined ? {} : { kmsKeyId }] as const
  })
  if (replicas.length === 0) throw outOfBounds('addReplicaRegions')
  return new Map(replicas)
}

/** What copies secrets to other regions. The copies themselves are not here: this is one region. */
export function replicationOperations({ clock, vault }: Parts): Record<string, Operation> {
  return {
    ReplicateSecretToRegions: (input) => {
      const added = replicasOf(input)
      const secret = vault.active(secretId(input))
      if (added.has(REGION)) throw invalidReplicaRegion()
      for (const [region, replica] of added) secret.replicas.set(region, replica)
      secret.changedAt = clock.now()
      // Copying takes time, so the API reference's example says: what was just added is never in sync yet.
      const ReplicationStatus = replicationStatus({
        secret,
        statusOf: (replica) => (added.has(replica.region) ? 'InProgress' : vault.replicaStatus(replica)),
      })
      return { ARN: secret.arn, ReplicationStatus }
    },
    RemoveRegionsFromReplication: (input) => {
      const removed = texts(input, 'RemoveReplicaRegions', {
        ...REGION_CODE,
        entries: Number.POSITIVE_INFINITY,
      })
      if (!removed) throw outOfBounds('removeReplicaRegions')
      const secret = vault.active(secretId(input))
      for (const region of removed) secret.replicas.delete(region)
      secret.changedAt = clock.now()
      return {
        ARN: secret.arn,
        ReplicationStatus: replicationStatus({ secret, statusOf: vault.replicaStatus }),
      }
    },
  }
}
