import { describeSecret, describeVersion, seconds } from './description.ts'
import { invalidParameter } from './errors.ts'
import {
  clientRequestToken,
  flag,
  type Input,
  integer,
  secretId,
  structure,
  tags,
  text,
  texts,
} from './input.ts'
import { matchesFilters, page } from './listing.ts'
import { named, type Operation, type Parts } from './operation.ts'
import type { RotationRules, SecretVersion } from './secret.ts'
import { listVersions } from './versions.ts'

const DAY_MS = 86_400_000

/** What describes and lists. */
export function listOperations({ clock, vault }: Parts): Record<string, Operation> {
  return {
    DescribeSecret: (input) =>
      describeSecret({ secret: vault.view(vault.find(secretId(input))), now: clock.now() }),
    ListSecrets: (input) => {
      const planned = flag(input, 'IncludePlannedDeletion') ?? false
      const secrets = vault
        .list()
        .filter((secret) => planned || secret.deletionAt === undefined)
        .filter((secret) => matchesFilters({ input, secret }))
      if (text(input, 'SortOrder') !== 'asc') secrets.reverse()
      const { entries, ...rest } = page({ input, entries: secrets })
      const list = entries.map((secret) => {
        const described: Record<string, unknown> = describeSecret({ secret, now: clock.now() })
        const { VersionIdsToStages, ...shown } = described
        return {
          ...shown,
          ...(VersionIdsToStages !== undefined && { SecretVersionsToStages: VersionIdsToStages }),
        }
      })
      return { SecretList: list, ...rest }
    },
    ListSecretVersionIds: (input) => {
      const secret = vault.view(vault.active(secretId(input)))
      const includeDeprecated = flag(input, 'IncludeDeprecated') ?? false
      const versions = listVersions({ secret, includeDeprecated, switches: vault.switches })
      const { entries, ...rest } = page<SecretVersion>({ input, entries: versions })
      return { ...named(secret), Versions: entries.map(describeVersion), ...rest }
    },
  }
}

function rotationRules(input: Input): RotationRules | undefined {
  const rules = structure(input, 'RotationRules')
  if (!rules) return undefined
  const days = integer(rules, 'AutomaticallyAfterDays', { min: 1, max: 1000 })
  const expression = text(rules, 'ScheduleExpression', { min: 1, max: 256 })
  const duration = text(rules, 'Duration', { min: 2, max: 3 })
  return {
    ...(days !== undefined && { AutomaticallyAfterDays: days }),
    ...(expression !== undefined && { ScheduleExpression: expression }),
    ...(duration !== undefined && { Duration: duration }),
  }
}

/** What turns rotation on and off. */
export function rotationOperations({ vault, engine }: Parts): Record<string, Operation> {
  return {
    RotateSecret: (input) => {
      const token = clientRequestToken(input)
      const lambdaArn = text(input, 'RotationLambdaARN', { max: 2048 })
      const rotateImmediately = flag(input, 'RotateImmediately') ?? true
      const rules = rotationRules(input)
      const secret = vault.active(secretId(input))
      const { versionId } = engine.rotateSecret({ secret, token, lambdaArn, rules, rotateImmediately })
      return { ...named(secret), VersionId: versionId }
    },
    CancelRotateSecret: (input) => {
      const secret = vault.active(secretId(input))
      const { versionId } = engine.cancelRotateSecret(secret)
      return { ...named(secret), ...(versionId !== undefined && { VersionId: versionId }) }
    },
  }
}

/** Tags and deletion. */
export function managementOperations({ clock, vault }: Parts): Record<string, Operation> {
  return {
    TagResource: (input) => {
      const labels = tags(input)
      const secret = vault.active(secretId(input))
      for (const [key, value] of labels) secret.tags.set(key, value)
      return {}
    },
    UntagResource: (input) => {
      const keys = texts(input, 'TagKeys', { max: 128, entries: 50 }) ?? []
      const secret = vault.active(secretId(input))
      for (const key of keys) secret.tags.delete(key)
      return {}
    },
    DeleteSecret: (input) => {
      const force = flag(input, 'ForceDeleteWithoutRecovery') ?? false
      const days = integer(input, 'RecoveryWindowInDays', { min: 7, max: 30 })
      if (force && days !== undefined) {
        throw invalidParameter(
          "You can't use ForceDeleteWithoutRecovery in conjunction with RecoveryWindowInDays.",
        )
      }
      const secret = force ? vault.find(secretId(input)) : vault.active(secretId(input))
      const at = clock.now() + (force ? 0 : (days ?? 30) * DAY_MS)
      if (force) vault.remove(secret)
      else vault.markForDeletion({ secret, at })
      return { ...named(secret), DeletionDate: seconds(at) }
    },
    RestoreSecret: (input) => {
      const secret = vault.find(secretId(input))
      vault.restore(secret)
      return named(secret)
    },
  }
}
