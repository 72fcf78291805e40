import { createPrivateKey, type KeyObject, sign } from 'node:crypto'
import { DfnsApiClient, DfnsAuthenticator } from '@dfns/sdk'
import type { CredentialSigner } from '@dfns/sdk'
import type { CachedSecret } from './caching.ts'

/** How an application asks Dfns for the one change that all of them ask for. */
export interface Application {
  /** Rejects with what the application would see. */
  change(asked: { webhookId: string; description: string }): Promise<void>
}

interface Fields {
  readonly kind: string
  readonly baseUrl: string
  readonly orgId: string
  readonly credId: string
  readonly privateKey: string
  readonly authToken?: string
  readonly username?: string
}

/** Half of what a session lasts in the simulator: who logs in keeps a session for so long. Milliseconds. */
const sessionMs = 150_000

/**
 * An application as most are written: @dfns/sdk with a key signer, both from a cached secret. It knows nothing of
 * rotations, and a refusal is an error.
 */
export function plainApplication(parts: { secret: CachedSecret; now: () => number }): Application {
  const { secret, now } = parts
  let session: { token: string; credId: string; until: number } | undefined
  const tokenOf = async (fields: Fields): Promise<string> => {
    if (fields.authToken !== undefined) return fields.authToken
    if (session?.credId === fields.credId && now() < session.until) return session.token
    const { baseUrl, orgId, username = '', credId } = fields
    const authenticator = new DfnsAuthenticator({ baseUrl, signer: keySigner(fields) })
    const { token } = await authenticator.login({ orgId, username })
    session = { token, credId, until: now() + sessionMs }
    return token
  }
  return {
    async change({ webhookId, description }) {
      const fields = JSON.parse((await secret.get()).SecretString) as Fields
      const { baseUrl, orgId } = fields
      const client = new DfnsApiClient({
        baseUrl,
        orgId,
        authToken: await tokenOf(fields),
        signer: keySigner(fields),
      })
      await client.webhooks.updateWebhook({ webhookId, body: { description } })
    },
  }
}

const keys = new Map<string, KeyObject>()

/** Reading a PEM takes longer than signing with it. */
function keyOf(pem: string): KeyObject {
  const known = keys.get(pem)
  if (known !== undefined) return known
  if (keys.size > 500) keys.clear()
  const key = createPrivateKey(pem)
  keys.set(pem, key)
  return key
}

/** As in Dfns's own key signer: the challenge is signed with the key that one has, whatever it allows. */
function keySigner({ credId, privateKey }: Fields): CredentialSigner {
  return {
    sign: async ({ challenge }) => {
      const clientData = Buffer.from(JSON.stringify({ type: 'key.get', challenge }))
      const key = keyOf(privateKey)
      const signature = sign(key.asymmetricKeyType === 'ed25519' ? null : 'sha256', clientData, key)
      return {
        kind: 'Key',
        credentialAssertion: {
          credId,
          clientData: clientData.toString('base64url'),
          signature: signature.toString('base64url'),
        },
      }
    },
  }
}
