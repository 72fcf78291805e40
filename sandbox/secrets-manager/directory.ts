import { randomInt } from 'node:crypto'
import type { Clock } from '../clock.ts'
import { invalidRequest, markedForDeletion, nameTaken, secretNotFound } from './errors.ts'
import { REGION, type Secret } from './secret.ts'

/** Which secrets there are, and which of them are marked for deletion. */
export interface Directory {
  create(secret: Pick<Secret, 'name'> & Partial<Pick<Secret, 'description' | 'kmsKeyId'>>): Secret
  /** By name, ARN, or ARN without its six characters. */
  lookUp(secretId: string): Secret | undefined
  /** As `lookUp`, and throws when unknown. */
  find(secretId: string): Secret
  /** As `find`, and throws for a secret that is marked for deletion. */
  active(secretId: string): Secret
  list(): Secret[]
  /** Hides the secret's value until `at`, when the secret is removed for good. */
  markForDeletion(deletion: { secret: Secret; at: number }): void
  restore(secret: Secret): void
  remove(secret: Secret): void
}

const ARN_PREFIX = `arn:aws:secretsmanager:${REGION}:000000000000:secret:`
const SUFFIX_LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'

function newArn(name: string): string {
  const suffix = Array.from({ length: 6 }, () => SUFFIX_LETTERS[randomInt(SUFFIX_LETTERS.length)])
  return `${ARN_PREFIX}${name}-${suffix.join('')}`
}

const names = ({ secret, secretId }: { secret: Secret; secretId: string }) =>
  secretId === secret.name || secretId === secret.arn || secretId === secret.arn.slice(0, -7)

function ensureNameIsFree({ holder, name }: { holder: Secret | undefined; name: string }): void {
  if (!holder) return
  if (holder.deletionAt === undefined) throw nameTaken(name)
  throw invalidRequest(
    "You can't create this secret because a secret with this name is already scheduled for deletion.",
  )
}

/** Makes an empty directory. */
export function createDirectory(clock: Clock): Directory {
  const secrets = new Map<string, Secret>()
  const purges = new Map<string, () => void>()

  const lookUp: Directory['lookUp'] = (secretId) =>
    secrets.get(secretId) ?? [...secrets.values()].find((one) => names({ secret: one, secretId }))

  const find: Directory['find'] = (secretId) => {
    const secret = lookUp(secretId)
    if (!secret) throw secretNotFound()
    return secret
  }

  const remove: Directory['remove'] = (secret) => {
    purges.get(secret.arn)?.()
    secret.deletionAt ??= clock.now()
    secrets.delete(secret.arn)
  }

  return {
    lookUp,
    find,
    remove,
    list: () => [...secrets.values()],
    create: (secret) => {
      const holder = [...secrets.values()].find(({ name }) => name === secret.name)
      ensureNameIsFree({ holder, name: secret.name })
      const now = clock.now()
      const state = { arn: newArn(secret.name), createdAt: now, changedAt: now }
      const empty = { tags: new Map(), versions: new Map(), replicas: new Map() }
      const created: Secret = { ...secret, ...state, ...empty }
      secrets.set(created.arn, created)
      return created
    },
    active: (secretId) => {
      const secret = find(secretId)
      if (secret.deletionAt !== undefined) throw markedForDeletion()
      return secret
    },
    markForDeletion: ({ secret, at }) => {
      purges.get(secret.arn)?.()
      secret.deletionAt = at
      secret.deletedAt = clock.now()
      const cancel = clock.at(at, () => remove(secret))
      purges.set(secret.arn, cancel)
    },
    restore: (secret) => {
      purges.get(secret.arn)?.()
      delete secret.deletionAt
      delete secret.deletedAt
    },
  }
}
