import { setTimeout as delay } from 'node:timers/promises'
import { GetSecretValueCommand, type SecretsManagerClient } from '@aws-sdk/client-secrets-manager'
import { allowedOrigin } from '../../lambdas/credentials/base-url.ts'
import { storedKey } from '../../lambdas/credentials/document.ts'
import { readJsonObject } from '../../lambdas/credentials/json.ts'
import { assert } from '../../lambdas/crypto/key-credential.ts'
import { type Asker, ask, textAt } from './dfns.ts'
import type { Live } from './experiment.ts'

type Fields = Readonly<Record<string, unknown>>

/** Why nothing was asked. The message names fields, never what is in them. */
export class CannotAsk extends Error {}

/** Reads the secret, and its signer's, and logs in who has no token. */
export async function liveOf(of: {
  client: SecretsManagerClient
  secretId: string
  /** Base URLs beside Dfns's own: a token goes nowhere else. */
  allowed: readonly string[]
}): Promise<Live> {
  const { client, secretId } = of
  const allowed = ['https://api.dfns.io', 'https://api.uae.dfns.io', ...of.allowed]
  const fields = await documentIn({ client, secretId })
  const signerArn = textAt(fields, 'signerArn')
  const kind = textAt(fields, 'kind')
  if (kind === 'WebhookSecret') throw new CannotAsk('a webhook signs nothing: name the secret of its signer')
  const signer = signerArn === '' ? undefined : await documentIn({ client, secretId: signerArn })
  return {
    own: await askerOf({ fields, allowed }),
    kind,
    orgId: textAt(fields, 'orgId'),
    username: textAt(fields, 'username') || undefined,
    signer: signer && (await askerOf({ fields: signer, allowed })),
    pause: (ms) => delay(ms),
  }
}

async function documentIn(of: { client: SecretsManagerClient; secretId: string }): Promise<Fields> {
  const { client, secretId } = of
  const { SecretString } = await client.send(new GetSecretValueCommand({ SecretId: secretId }))
  const fields = SecretString === undefined ? undefined : readJsonObject(SecretString)
  if (fields === undefined) throw new CannotAsk(`${secretId} holds no JSON object`)
  return fields
}

async function askerOf(of: { fields: Fields; allowed: readonly string[] }): Promise<Asker> {
  const { fields, allowed } = of
  const [baseUrl, credId, privateKey] = ['baseUrl', 'credId', 'privateKey'].map((name) =>
    textAt(fields, name),
  )
  if (!baseUrl || !credId || !privateKey) throw new CannotAsk('baseUrl, credId or privateKey is missing')
  const origin = allowedOrigin({ baseUrl, allowed, on: 'the document' })
  const { key } = storedKey({ privateKey, on: 'the document' })
  const authToken = textAt(fields, 'authToken')
  if (authToken !== '') return { origin, authToken, credId, key }
  return { origin, authToken: await logIn({ fields, origin, credId, key }), credId, key }
}

async function logIn(by: Omit<Asker, 'authToken'> & { fields: Fields }): Promise<string> {
  const { fields, origin, credId, key } = by
  const body = { orgId: textAt(fields, 'orgId'), username: textAt(fields, 'username') }
  const init = await ask({ origin }, { method: 'POST', path: '/auth/login/init', body })
  const challengeIdentifier = textAt(init.json, 'challengeIdentifier')
  const firstFactor = assert({ credId, key, challenge: textAt(init.json, 'challenge') })
  const login = { challengeIdentifier, firstFactor }
  const { status, json } = await ask({ origin }, { method: 'POST', path: '/auth/login', body: login })
  const token = textAt(json, 'token')
  if (token === '') throw new CannotAsk(`nobody can log in (status ${status})`)
  return token
}
