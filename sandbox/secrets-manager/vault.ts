import type { Clock } from '../clock.ts'
import { createDirectory, type Directory } from './directory.ts'
import { kmsDenied } from './errors.ts'
import { createFeed, type Feed } from './feed.ts'
import { moveLabel } from './labels.ts'
import {
  type ReplicaStatus,
  type Secret,
  type SecretVersion,
  UNKIND_VAULT,
  type VaultSwitches,
} from './secret.ts'
import { readVersion, type VersionWrite, writeVersion } from './versions.ts'

/** Something was written: `moved` are the labels that `version` received. */
export interface VaultChange {
  readonly secret: Secret
  readonly by: 'put' | 'move'
  readonly version?: SecretVersion
  readonly moved: readonly string[]
}

/** All secrets of the one account and region. State only: nobody is asked for permission here. */
export interface Vault extends Directory {
  readonly switches: VaultSwitches
  readonly changes: Feed<VaultChange>
  /** How many reads of a secret still see the state before a write to it; 0 is a consistent store. */
  staleReads: number
  /** The KMS keys that the caller may not use: their secrets' values can be neither read nor written. */
  readonly deniedKeys: Set<string>
  /**
   * The secrets, by ARN, on which callers may perform nothing. ListSecrets shows them all the same: its
   * permission is not given by secret.
   */
  readonly deniedSecrets: Set<string>
  /** How far a secret's copy in another region has come; `InSync` unless replaced. */
  replicaStatus: (replica: { secret: Secret; region: string }) => ReplicaStatus
  /**
   * Makes a secret the replica of one in another region: with its tags, versions and labels, which callers
   * may only read from now on. What the primary sends later is written with `put` and `moveLabel`.
   */
  makeReplica(replica: { secret: Secret; primaryRegion: string }): void
  /** What a reader sees: the secret, or its state before the last write while `staleReads` lasts. */
  view(secret: Secret): Secret
  put(write: Omit<VersionWrite, 'now' | 'switches'>): SecretVersion
  /** GetSecretValue. */
  read(read: Parameters<typeof readVersion>[0]): ReturnType<typeof readVersion>
  /** UpdateSecretVersionStage. */
  moveLabel(move: {
    secret: Secret
    label: string
    removeFrom: string | undefined
    moveTo: string | undefined
  }): void
}

/** Makes an empty vault; `switches` replaces single unkind answers. */
export function createVault({ clock, switches }: { clock: Clock; switches?: Partial<VaultSwitches> }): Vault {
  const stale = new Map<string, { versions: Secret['versions']; reads: number }>()

  const writing = <T>(secret: Secret, write: () => T): T => {
    const before = vault.staleReads > 0 ? structuredClone(secret.versions) : undefined
    const result = write()
    secret.changedAt = clock.now()
    if (before) stale.set(secret.arn, { versions: before, reads: vault.staleReads })
    return result
  }

  const ensureKey = ({ kmsKeyId }: Secret) => {
    if (kmsKeyId !== undefined && vault.deniedKeys.has(kmsKeyId)) throw kmsDenied()
  }

  const vault: Vault = {
    ...createDirectory(clock),
    switches: { ...UNKIND_VAULT, ...switches },
    changes: createFeed(),
    staleReads: 0,
    deniedKeys: new Set(),
    deniedSecrets: new Set(),
    replicaStatus: () => 'InSync',
    makeReplica: ({ secret, primaryRegion }) => {
      secret.primaryRegion = primaryRegion
    },
    view: (secret) => {
      const before = stale.get(secret.arn)
      return before && before.reads-- > 0 ? { ...secret, versions: before.versions } : secret
    },
    read: (read) => {
      ensureKey(read.secret)
      const found = readVersion({ ...read, secret: vault.view(read.secret) })
      found.version.accessedAt = clock.now()
      return found
    },
    put: (write) => {
      const { secret } = write
      if (write.value) ensureKey(secret)
      const context = { now: clock.now(), switches: vault.switches }
      const { version, moved } = writing(secret, () => writeVersion({ ...write, ...context }))
      vault.changes.push({ secret, by: 'put', version, moved })
      return version
    },
    moveLabel: (move) => {
      const { secret, label, moveTo } = move
      const moved = writing(secret, () => moveLabel({ ...move, switches: vault.switches }))
      const version = moveTo === undefined ? undefined : secret.versions.get(moveTo)
      vault.changes.push({ secret, by: 'move', ...(version && { version }), moved: moved ? [label] : [] })
    },
  }
  return vault
}
