import type { Credential, Means } from '../credentials/credential.ts'
import { type Generation, readFields } from '../credentials/document.ts'
import { credentialOf } from '../credentials/index.ts'
import { RotationError } from '../errors.ts'
import type { DescribedSecret, SecretStore, SecretVersion, StagingLabel } from '../ports/secrets-manager.ts'
import { settled } from '../ports/time.ts'
import { holderOf } from './labels.ts'

/** A generation as it stands in Secrets Manager: the version, and the document in it. */
export interface Stored {
  readonly version: SecretVersion
  readonly document: Generation
  readonly credential: Credential<Generation>
}

interface Source {
  readonly store: SecretStore
  /** Its labels are from one reply: together they are never a mixture of two moments. */
  readonly secret: DescribedSecret
  /** The pending version's id; a test rotation may not tell it. */
  readonly token: string | undefined
  readonly means: Means
  readonly started: Started
}

/** Reads that were started before anything was known of the secret. */
export interface Started {
  readonly current: Promise<SecretVersion | undefined>
  readonly pending: Promise<SecretVersion | undefined>
}

/** The generations of a secret, under AWS's own names for them. */
export interface Generations {
  current(): Promise<Stored>
  pending(): Promise<Stored>
  /** Whether the pending version has a value already, without waiting for one. */
  hasPending(): Promise<boolean>
  /** The version of this rotation, where it is AWSCURRENT already. */
  promoted(): Promise<Stored>
  previous(): Promise<Stored | undefined>
  /** Any version, labelled or not; nothing if it is gone or has no value. */
  version(versionId: string): Promise<Stored | undefined>
  /** The kind of the secret, once one of its documents was read. */
  kindRead(): string | undefined
}

export function generationsOf(source: Source): Generations {
  const { store, secret, token, means, started } = source
  const { arn: secretArn, stages } = secret
  let kindRead: string | undefined
  const open = (label: StagingLabel | `version ${string}`, version: SecretVersion): Stored => {
    const text = { text: version.text, on: `${label} of ${secretArn}`, secretArn }
    const { kind } = readFields(text)
    const credential = credentialOf({ kind, on: text.on, means })
    kindRead = kind
    return { version, credential, document: credential.read(text, means.limits) }
  }
  /** A value that was just put may not be readable at once (aws-sdk-js-v3, issue 7701). */
  const awaited = async (
    label: StagingLabel,
    versionId?: string,
    first?: Promise<SecretVersion | undefined>,
  ) => {
    const version =
      (await first) ?? (await settled(means.time, () => store.getSecretValue({ label, versionId })))
    if (version !== undefined) return open(label, version)
    throw new RotationError('ERR_NOT_STAGED', `${label} of ${secretArn} has no value`, { retryable: true })
  }
  return {
    current: () => awaited('AWSCURRENT', undefined, started.current),
    pending: () => awaited('AWSPENDING', token, started.pending),
    hasPending: async () => (await started.pending) !== undefined,
    promoted: () => awaited('AWSCURRENT', token),
    previous: async () => {
      const versionId = holderOf({ stages }, 'AWSPREVIOUS')
      return versionId === undefined ? undefined : awaited('AWSPREVIOUS', versionId)
    },
    version: async (versionId) => {
      const version = await store.getSecretValue({ versionId })
      return version && open(`version ${versionId}`, version)
    },
    kindRead: () => kindRead,
  }
}
