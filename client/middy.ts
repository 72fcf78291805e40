import { isRefusal } from './refusals.ts'
import type { RotatingSecret, Snapshot } from './rotating-secret.ts'

/** What is used of a request of @middy/core. */
interface Request<C> {
  readonly context: C
  readonly internal: Record<string, unknown>
  readonly error?: unknown
}

type Secrets = Readonly<Record<string, RotatingSecret>>

/** What a handler finds in `context.secrets`. */
export type SecretsContext<S extends Secrets> = {
  readonly secrets: { readonly [Name in keyof S]: Awaited<ReturnType<S[Name]['get']>> }
}

/**
 * Middleware of @middy/core that puts the present snapshot of each secret into `context.secrets`, by name,
 * and into `internal`. It is not enumerable: a logger that takes a context whole does not see it. When the
 * handler ends with a refusal of Dfns, every secret is read anew for the next invocation.
 */
export function rotatingSecrets<S extends Secrets>(secrets: S) {
  const entries = Object.entries(secrets)
  const used = new WeakMap<object, ReadonlyMap<RotatingSecret, Snapshot>>()
  return {
    async before(request: Request<SecretsContext<S>>): Promise<void> {
      const found = await Promise.all(
        entries.map(async ([name, secret]) => ({ name, secret, snapshot: await secret.get() })),
      )
      const value = Object.fromEntries(found.map(({ name, snapshot }) => [name, snapshot]))
      Object.assign(request.internal, value)
      Object.defineProperty(request.context, 'secrets', { value, configurable: true })
      used.set(request, new Map(found.map(({ secret, snapshot }) => [secret, snapshot])))
    },
    async onError(request: Request<object>): Promise<void> {
      if (!isRefusal(request.error)) return
      const snapshots = used.get(request) ?? new Map<RotatingSecret, Snapshot>()
      // Waited for: after the invocation the environment is frozen.
      await Promise.allSettled([...snapshots].map(([secret, snapshot]) => secret.refused(snapshot)))
    },
  }
}
