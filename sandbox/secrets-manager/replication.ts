import { REGION, type ReplicaStatus, type Secret } from './secret.ts'

type StatusOf = (replica: { secret: Secret; region: string }) => ReplicaStatus

/** As in the API reference's examples; a replica in progress has none there. */
const MESSAGES: Readonly<Record<ReplicaStatus, string | undefined>> = {
  InSync: 'Replication succeeded',
  InProgress: undefined,
  Failed: 'Secret with this name already exists in this region',
}

/** The region of the primary, on it and on its replicas; a secret that is not replicated has none. */
export function primaryRegionOf({ primaryRegion, replicas }: Secret): string | undefined {
  return primaryRegion ?? (replicas.size > 0 ? REGION : undefined)
}

/** ReplicationStatus: one entry for each region, in the order in which they were added. */
export function replicationStatus({ secret, statusOf }: { secret: Secret; statusOf: StatusOf }) {
  return [...secret.replicas].map(([region, { kmsKeyId = 'alias/aws/secretsmanager' }]) => {
    const status = statusOf({ secret, region })
    const message = MESSAGES[status]
    const shown = { Region: region, KmsKeyId: kmsKeyId, Status: status }
    return { ...shown, ...(message !== undefined && { StatusMessage: message }) }
  })
}
