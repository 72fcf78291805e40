import { describeSecret, describeVersion, lastAccess, listEntry } from './description.ts'
import { filterOf } from './filters.ts'
import { flag, type Input, secretId, text } from './input.ts'
import { page } from './listing.ts'
import { named, type Operation, type Parts } from './operation.ts'
import type { Secret, SecretVersion } from './secret.ts'
import { listVersions } from './versions.ts'

/** Of one length, so that times are in the order of their texts. */
const timeText = (ms: number) => String(ms).padStart(16, '0')

const SORT_KEYS: Readonly<Record<string, (secret: Secret) => string>> = {
  'created-date': ({ createdAt }) => timeText(createdAt),
  'last-accessed-date': (secret) => timeText(lastAccess(secret) ?? 0),
  'last-changed-date': ({ changedAt }) => timeText(changedAt),
  name: ({ name }) => name,
}

/** SortBy and SortOrder; the latest first where nothing is said, which the API reference leaves open. */
function sorting(input: Input) {
  const by = text(input, 'SortBy', { pattern: new RegExp(`^(${Object.keys(SORT_KEYS).join('|')})$`) })
  const order = text(input, 'SortOrder', { pattern: /^(asc|desc)$/ })
  const keyOf = SORT_KEYS[by ?? 'created-date']
  return { rankOf: (secret: Secret) => `${keyOf?.(secret)} ${secret.arn}`, descending: order !== 'asc' }
}

function listSecrets({ input, vault, clock }: Pick<Parts, 'vault' | 'clock'> & { input: Input }) {
  const planned = flag(input, 'IncludePlannedDeletion') ?? false
  const matches = filterOf(input)
  const { filtersPages } = vault.switches
  const listed = vault.list().filter(({ deletionAt }) => planned || deletionAt === undefined)
  const secrets = filtersPages ? listed : listed.filter(matches)
  const { entries, ...rest } = page({ input, entries: secrets, ...sorting(input) })
  const shown = entries.filter(matches).map((secret) => vault.view(secret))
  return { SecretList: shown.map((secret) => listEntry({ secret, now: clock.now() })), ...rest }
}

/**
 * What describes and lists. A secret that is marked for deletion can be looked at: neither DescribeSecret nor
 * ListSecretVersionIds has InvalidRequestException among its errors.
 */
export function listOperations({ clock, vault }: Parts): Record<string, Operation> {
  return {
    DescribeSecret: (input) =>
      describeSecret({
        secret: vault.view(vault.find(secretId(input))),
        now: clock.now(),
        statusOf: vault.replicaStatus,
      }),
    ListSecrets: (input) => listSecrets({ input, vault, clock }),
    ListSecretVersionIds: (input) => {
      const secret = vault.view(vault.find(secretId(input)))
      const includeDeprecated = flag(input, 'IncludeDeprecated') ?? false
      const versions = listVersions({ secret, includeDeprecated, switches: vault.switches })
      const rankOf = ({ createdAt, id }: SecretVersion) => `${timeText(createdAt)} ${id}`
      const { entries, ...rest } = page({ input, entries: versions, rankOf })
      const Versions = entries.map((version) => describeVersion({ secret, version }))
      return { ...named(secret), Versions, ...rest }
    },
  }
}
