import { clock } from '../../client/clock.ts'
import { dfnsClient } from '../../client/dfns.ts'
import type { FetchSecret } from '../../client/fetch-secret.ts'
import type { KeyDocument, SecretKind } from '../../client/document.ts'
import { type RotatingSecret, rotatingSecret } from '../../client/rotating-secret.ts'
import { verifyWebhook } from '../../client/webhook.ts'
import type { Clock } from '../../sandbox/clock.ts'
import type { Door } from './door.ts'
import type { Application } from './plain.ts'
import type { ReceivedEvent, Verify } from './receivers.ts'

/** What a secret of the library is opened with, on the application's own clock. */
export interface Opening {
  readonly arn: string
  readonly ttlMs: number
  readonly door: Pick<Door, 'readSecret'>
  readonly clock: Clock
  readonly now: () => number
}

/** Through the door, in place of the AWS SDK's own client. */
function readingThrough({ readSecret }: Pick<Door, 'readSecret'>): FetchSecret {
  return async ({ secretId: SecretId, label: VersionStage }) => {
    try {
      const { VersionId: versionId, SecretString: text } = await readSecret({ SecretId, VersionStage })
      return { versionId, text }
    } catch (error) {
      if (error instanceof Error && error.name === 'ResourceNotFoundException') return undefined
      throw error
    }
  }
}

/** The library's timers run on the world's clock, at what the application's own takes for their time. */
function openSecret<const K extends SecretKind>(kind: K, opening: Opening) {
  const { arn, ttlMs: ttl, door, clock: world, now } = opening
  const own = {
    now,
    at: (time: number, task: () => void) =>
      world.at(Math.ceil(world.now() + Math.max(0, time - now())), task),
  }
  return rotatingSecret(arn, { kind, ttl, jitter: 0, fetchSecret: readingThrough(door), [clock]: own })
}

/** An application that signs by the library. `isDeaf`: its secret is not read anew because of a refusal. */
export function libraryApplication(
  opening: Opening & { kind: KeyDocument['kind']; isDeaf: boolean },
): Application {
  const secret: RotatingSecret<KeyDocument> = openSecret(opening.kind, opening)
  const deaf = { ...secret, refused: async (snapshot: Awaited<ReturnType<typeof secret.get>>) => snapshot }
  const client = dfnsClient(opening.isDeaf ? deaf : secret)
  return {
    async change({ webhookId, description }) {
      await client.webhooks.updateWebhook({ webhookId, body: { description } })
    },
  }
}

/** A receiver that verifies by the library. `tolerance`: its replay window in milliseconds, 5 minutes unless given. */
export function libraryVerify(opening: Opening & { readonly tolerance?: number }): Verify {
  const secret = openSecret('WebhookSecret', opening)
  const { tolerance } = opening
  return async ({ headers, body }) => {
    try {
      const options = tolerance === undefined ? {} : { tolerance }
      return (await verifyWebhook(body, headers, secret, options)) as ReceivedEvent
    } catch (error) {
      if (['ERR_SIGNATURE', 'ERR_REPLAY', 'ERR_EVENT'].includes((error as { code: string }).code))
        return undefined
      throw error
    }
  }
}
