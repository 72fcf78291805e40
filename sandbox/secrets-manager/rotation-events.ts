import type { Run } from './engine-state.ts'
import { REGION, type Secret } from './secret.ts'

export type RotationEventName =
  | 'RotationStarted'
  | 'RotationSucceeded'
  | 'RotationFailed'
  | 'RotationAbandoned'
  | 'TestRotationStarted'
  | 'TestRotationSucceeded'
  | 'TestRotationFailed'

interface EventEnvelope {
  readonly source: 'aws.secretsmanager'
  readonly account: string
  readonly region: string
  readonly time: string
  readonly resources: readonly string[]
}

/** As EventBridge delivers it: the CloudTrail service events of a rotation, and the native label event. */
export type SecretsManagerEvent = EventEnvelope &
  (
    | {
        readonly 'detail-type': 'AWS Service Event via CloudTrail'
        readonly detail: {
          readonly eventName: RotationEventName
          readonly eventSource: 'secretsmanager.amazonaws.com'
          readonly eventType: 'AwsServiceEvent'
          readonly requestID: string
          readonly additionalEventData: { readonly SecretId: string }
          readonly errorMessage?: string
        }
      }
    | {
        readonly 'detail-type': 'Secret Label Updated'
        readonly detail: { readonly name: string; readonly labelUpdated: string; readonly versionId: string }
      }
  )

const envelope = ({ secret, now }: { secret: Secret; now: number }): EventEnvelope => ({
  source: 'aws.secretsmanager',
  account: '000000000000',
  region: REGION,
  time: new Date(now).toISOString(),
  resources: [secret.arn],
})

/** A service event; its requestID names secret and version (cloudtrail_log_entries). */
export function rotationEvent(event: {
  run: Run
  name: RotationEventName
  now: number
  errorMessage?: string
}): SecretsManagerEvent {
  const { run, name, now, errorMessage } = event
  return {
    ...envelope({ secret: run.secret, now }),
    'detail-type': 'AWS Service Event via CloudTrail',
    detail: {
      eventName: name,
      eventSource: 'secretsmanager.amazonaws.com',
      eventType: 'AwsServiceEvent',
      requestID: `Rotation-${run.secret.arn}-${run.token}`,
      additionalEventData: { SecretId: run.secret.arn },
      ...(errorMessage !== undefined && { errorMessage }),
    },
  }
}

/** The label event: for every label except AWSPENDING and AWSPREVIOUS (event-detail-secret-label-updated). */
export function labelEvents(change: {
  secret: Secret
  versionId: string
  labels: readonly string[]
  now: number
}): SecretsManagerEvent[] {
  const { secret, versionId, labels, now } = change
  return labels
    .filter((label) => label !== 'AWSPENDING' && label !== 'AWSPREVIOUS')
    .map((label) => ({
      ...envelope({ secret, now }),
      'detail-type': 'Secret Label Updated',
      detail: { name: secret.name, labelUpdated: label, versionId },
    }))
}
