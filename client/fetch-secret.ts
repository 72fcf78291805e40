import { ClientError } from './errors.ts'

export type StagingLabel = 'AWSCURRENT' | 'AWSPENDING' | 'AWSPREVIOUS'

/** One reading of a secret. */
export interface FetchRequest {
  readonly secretId: string
  readonly label: StagingLabel
  /**
   * Dfns has just refused what was read before: caches on the way are to be passed, where that is possible.
   */
  readonly refresh: boolean
  /** Aborts when the answer would come too late to be used. */
  readonly signal: AbortSignal
}

/** The version under a label. */
export interface FetchedVersion {
  readonly versionId: string
  /** SecretString. */
  readonly text: string
}

/**
 * Where a secret is read. Nothing: no version has the label, or it has no value yet. Whatever is thrown
 * counts as unavailable.
 */
export type FetchSecret = (request: FetchRequest) => Promise<FetchedVersion | undefined>

/** What is used of `SecretsManagerClient`. */
export interface SecretsManager {
  send(command: never, options: { abortSignal: AbortSignal }): Promise<unknown>
}

/**
 * Reads in Secrets Manager, with `client` or one that finds region and credentials as the AWS SDK does. The
 * SDK is loaded at the first reading.
 */
export function fromSecretsManager({ client }: { client?: SecretsManager } = {}): FetchSecret {
  let shared = client
  return async ({ secretId, label, signal }) => {
    const sdk = await import('@aws-sdk/client-secrets-manager')
    shared ??= new sdk.SecretsManagerClient({})
    const command = new sdk.GetSecretValueCommand({ SecretId: secretId, VersionStage: label })
    try {
      return versionIn(await shared.send(command as never, { abortSignal: signal }))
    } catch (error) {
      if (nameOf(error) !== 'ResourceNotFoundException') throw storeFailure({ secretId, label, error })
      return undefined
    }
  }
}

/** A reply of GetSecretValue, which agents and extension give in the same form. */
export function versionIn(reply: unknown): FetchedVersion | undefined {
  if (typeof reply !== 'object' || reply === null) return undefined
  const { VersionId: versionId, SecretString: text } = reply as Record<string, unknown>
  return typeof versionId === 'string' && typeof text === 'string' ? { versionId, text } : undefined
}

function storeFailure(of: { secretId: string; label: StagingLabel; error: unknown }): ClientError {
  const { secretId, label, error } = of
  return new ClientError('ERR_STORE', `GetSecretValue ${label} of ${secretId}: ${nameOf(error)}`, {
    retryable: !isPermanent(nameOf(error)),
  })
}

const isPermanent = (name: string) =>
  /AccessDenied|InvalidRequest|InvalidParameter|DecryptionFailure/.test(name)

/** An AWS error's name; its message may repeat what was sent. */
const nameOf = (error: unknown) =>
  error instanceof Error && /^\w{1,64}$/.test(error.name) ? error.name : 'failed'
