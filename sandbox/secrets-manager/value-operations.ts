import { seconds } from './description.ts'
import { invalidRequest } from './errors.ts'
import {
  clientRequestToken,
  type Input,
  requiredText,
  secretId,
  secretValue,
  tags,
  text,
  texts,
} from './input.ts'
import { named, type Operation, type Parts } from './operation.ts'
import type { Secret, SecretValue } from './secret.ts'

const LABEL = { min: 1, max: 256 }
const NAME = { max: 512, pattern: /^[A-Za-z0-9/_+=.@!-]+$/ }
const ROTATION_TOKEN = { min: 36, max: 256, pattern: /^[a-zA-Z0-9-]+$/ }

function describe(input: Input) {
  const description = text(input, 'Description', { max: 2048 })
  const kmsKeyId = text(input, 'KmsKeyId', { max: 2048 })
  return { ...(description !== undefined && { description }), ...(kmsKeyId !== undefined && { kmsKeyId }) }
}

/** What reads and writes values and labels. */
export function valueOperations({ clock, vault }: Parts): Record<string, Operation> {
  const putCurrent = (write: { secret: Secret; token: string; value: SecretValue }) => {
    const version = vault.put(write)
    return { ...named(write.secret), VersionId: version.id }
  }
  const sameRequest = ({ name, token }: { name: string; token: string }) =>
    vault.list().find((secret) => secret.name === name && secret.versions.has(token))
  return {
    CreateSecret: (input) => {
      const value = secretValue(input)
      const token = clientRequestToken(input)
      const created = { name: requiredText(input, 'Name', NAME), ...describe(input) }
      const labels = tags(input)
      const known = sameRequest({ name: created.name, token })
      if (known && value) return putCurrent({ secret: known, token, value })
      const secret = vault.create(created)
      for (const [key, tag] of labels) secret.tags.set(key, tag)
      return value ? putCurrent({ secret, token, value }) : named(secret)
    },
    GetSecretValue: (input) => {
      const secret = vault.active(secretId(input))
      const versionId = text(input, 'VersionId', { min: 32, max: 64 })
      const label = text(input, 'VersionStage', LABEL)
      const { version, value } = vault.read({ secret, versionId, label })
      const shown = { VersionId: version.id, VersionStages: [...version.labels] }
      return { ...named(secret), ...shown, ...value, CreatedDate: seconds(version.createdAt) }
    },
    PutSecretValue: (input) => {
      const value = secretValue(input)
      if (!value) throw invalidRequest('You must provide either SecretString or SecretBinary.')
      const token = clientRequestToken(input)
      const labels = texts(input, 'VersionStages', { ...LABEL, entries: 20 })
      const rotationToken = text(input, 'RotationToken', ROTATION_TOKEN)
      const secret = vault.active(secretId(input))
      const version = vault.put({ secret, token, value, labels, rotationToken })
      return { ...named(secret), VersionId: version.id, VersionStages: [...version.labels] }
    },
    UpdateSecret: (input) => {
      const value = secretValue(input)
      const token = clientRequestToken(input)
      const described = describe(input)
      const secret = vault.active(secretId(input))
      const reply = value ? putCurrent({ secret, token, value }) : named(secret)
      Object.assign(secret, described, { changedAt: clock.now() })
      return reply
    },
    UpdateSecretVersionStage: (input) => {
      const label = requiredText(input, 'VersionStage', LABEL)
      const removeFrom = text(input, 'RemoveFromVersionId', { min: 32, max: 64 })
      const moveTo = text(input, 'MoveToVersionId', { min: 32, max: 64 })
      const secret = vault.active(secretId(input))
      vault.moveLabel({ secret, label, removeFrom, moveTo })
      return named(secret)
    },
  }
}
