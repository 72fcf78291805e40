/** The region that all secrets of the sandbox are in. */
export const REGION = 'eu-west-1'

/** The two forms of a secret value; binary is held as base64, as it travels. */
export type SecretValue = { readonly SecretString: string } | { readonly SecretBinary: string }

/** One version. Without a value it is the placeholder that a rotation makes before createSecret. */
export interface SecretVersion {
  readonly id: string
  readonly createdAt: number
  readonly labels: Set<string>
  accessedAt?: number
  value?: SecretValue
  /** The RotationToken that came with the value, if any. */
  rotationToken?: string
}

/** RotationRules as RotateSecret takes them. */
export interface RotationRules {
  readonly AutomaticallyAfterDays?: number
  readonly ScheduleExpression?: string
  readonly Duration?: string
}

/** What RotateSecret has saved. Turned off it keeps function and rules, as DescribeSecret documents. */
export interface RotationState {
  enabled: boolean
  lambdaArn: string
  rules: RotationRules
  lastRotatedAt?: number
  /** The end of the next window: "on or before"; in the past while a rotation fails. */
  nextRotationAt?: number
}

/** `Failed`: the copy in that region was not made; `InProgress`: it is being made. */
export type ReplicaStatus = 'InSync' | 'InProgress' | 'Failed'

/** One secret. All times are milliseconds since the epoch. */
export interface Secret {
  readonly arn: string
  readonly name: string
  readonly createdAt: number
  readonly tags: Map<string, string>
  readonly versions: Map<string, SecretVersion>
  description?: string
  kmsKeyId?: string
  changedAt: number
  /** When it will be gone for good; set while it is marked for deletion. */
  deletionAt?: number
  /** When it was marked for deletion. */
  deletedAt?: number
  rotation?: RotationState
  /** Of a replica: the region of its primary, which alone may change and rotate it. */
  primaryRegion?: string
  /** Of a primary: the regions that it is copied to, with the KMS key that was named for each. */
  readonly replicas: Map<string, { readonly kmsKeyId?: string }>
}

/** Whether rotation is turned on, and runs in this region. */
export const rotatesHere = ({ rotation, primaryRegion }: Secret): boolean =>
  rotation?.enabled === true && primaryRegion === undefined

/**
 * What AWS leaves unsaid about versions and labels; the defaults are the unkind answers.
 * - `leftoverPending`: UpdateSecretVersionStage takes AWSCURRENT from a version that still has AWSPENDING:
 *   does that label stay?
 * - `promotesEmptyVersions`: AWSCURRENT may be moved onto a version without a value.
 * - `listsEmptyVersions`: ListSecretVersionIds shows a version without a value.
 * - `repeatedPutMovesLabels`: PutSecretValue with a known token and the same value still moves the labels it
 *   names.
 * - `filtersPages`: ListSecrets cuts its pages before it filters, so that one may be short, or empty, and
 *   still have a NextToken; documented is that this "can occur".
 */
export interface VaultSwitches {
  leftoverPending: 'kept' | 'dropped'
  promotesEmptyVersions: boolean
  listsEmptyVersions: boolean
  repeatedPutMovesLabels: boolean
  filtersPages: boolean
}

export const UNKIND_VAULT: VaultSwitches = {
  leftoverPending: 'kept',
  promotesEmptyVersions: true,
  listsEmptyVersions: false,
  repeatedPutMovesLabels: true,
  filtersPages: true,
}
