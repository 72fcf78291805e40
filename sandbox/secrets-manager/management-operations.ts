import { seconds } from './description.ts'
import { invalidParameter, stillReplicated } from './errors.ts'
import {
  clientRequestToken,
  ensurePresent,
  flag,
  type Input,
  integer,
  secretId,
  structure,
  tags,
  text,
  texts,
} from './input.ts'
import { named, type Operation, type Parts } from './operation.ts'
import type { RotationRules, Secret } from './secret.ts'

const DAY_MS = 86_400_000

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

function ensureNotReplicated({ arn, replicas }: Secret): void {
  if (replicas.size > 0) throw stillReplicated({ arn, regions: [...replicas.keys()] })
}

/** When DeleteSecret removes a secret for good; force leaves no time to recover it. */
function deletion({ input, now }: { input: Input; now: number }): { force: boolean; at: number } {
  const force = flag(input, 'ForceDeleteWithoutRecovery') ?? false
  const days = integer(input, 'RecoveryWindowInDays', { min: 7, max: 30 })
  if (force && days !== undefined) {
    throw invalidParameter(
      "You can't use ForceDeleteWithoutRecovery in conjunction with RecoveryWindowInDays.",
    )
  }
  return { force, at: now + (force ? 0 : (days ?? 30) * DAY_MS) }
}

/** Tags and deletion. */
export function managementOperations({ clock, vault }: Parts): Record<string, Operation> {
  const changed = (secret: Secret) => {
    secret.changedAt = clock.now()
  }
  return {
    TagResource: (input) => {
      ensurePresent(input, 'Tags')
      const labels = tags(input)
      const secret = vault.active(secretId(input))
      for (const [key, value] of labels) secret.tags.set(key, value)
      changed(secret)
      return {}
    },
    UntagResource: (input) => {
      ensurePresent(input, 'TagKeys')
      const keys = texts(input, 'TagKeys', { max: 128, entries: 50 }) ?? []
      const secret = vault.active(secretId(input))
      const removed = keys.filter((key) => secret.tags.delete(key))
      if (removed.length > 0) changed(secret)
      return {}
    },
    DeleteSecret: (input) => {
      const { force, at } = deletion({ input, now: clock.now() })
      const secret = force ? vault.find(secretId(input)) : vault.active(secretId(input))
      ensureNotReplicated(secret)
      changed(secret)
      if (force) vault.remove(secret)
      else vault.markForDeletion({ secret, at })
      return { ...named(secret), DeletionDate: seconds(at) }
    },
    RestoreSecret: (input) => {
      const secret = vault.find(secretId(input))
      vault.restore(secret)
      changed(secret)
      return named(secret)
    },
  }
}
