import type { Door, SecretValue } from './door.ts'

/**
 * What AWS's caching clients do: a value is served until it is due, then read again at the next use; where that fails, the
 * old one is served on and the pauses before the next attempt grow. Nothing is read because of a refusal.
 */
export interface CachedSecret {
  get(): Promise<SecretValue>
}

const secondMs = 1_000
const longestPauseMs = 3_600 * secondMs

/**
 * `ttlMs`: as `aws-secretsmanager-caching` draws it, a value is due between half of it and all of it. `now` is the
 * application's own clock.
 */
export function cachedSecret(parts: {
  arn: string
  ttlMs: number
  now: () => number
  random: () => number
  door: Pick<Door, 'readSecret'>
}): CachedSecret {
  const { arn: SecretId, ttlMs, now, random, door } = parts
  let kept: SecretValue | undefined
  let dueAt = 0
  let failures = 0
  return {
    async get() {
      if (kept !== undefined && now() < dueAt) return kept
      try {
        kept = await door.readSecret({ SecretId })
        failures = 0
        dueAt = now() + ttlMs / 2 + random() * (ttlMs / 2)
      } catch (error) {
        if (kept === undefined) throw error
        dueAt = now() + Math.min(longestPauseMs, secondMs * 2 ** failures)
        failures += 1
      }
      return kept
    },
  }
}
