import { WebhooksClient } from '@dfns/sdk/generated/webhooks/client.js'
import { describe, expect, test } from 'vitest'
import type { KeyDocument } from '../../client/document.ts'
import { type RotatingSecret, rotatingSecret } from '../../client/rotating-secret.ts'
import { signer } from '../../client/signer.ts'
import { readPrivateKey, writeKey } from '../../lambdas/crypto/private-key.ts'
import { type AccountAlgorithm, newKey } from '../../sandbox/scene.ts'
import { dfnsWorld } from '../support/dfns-world.ts'
import { documentOf, generation, source } from './source.ts'
import { stage } from './stage.ts'

const url = 'https://application.test/hook'

/** Dfns's own client, with a token that stays what it is, and our signer. */
async function clientOf(secret: RotatingSecret<KeyDocument>): Promise<WebhooksClient> {
  const { active } = await secret.get()
  if (active.kind === 'UserKey') throw new Error('a user has no token')
  const { baseUrl, orgId, authToken } = active
  return new WebhooksClient({ baseUrl, orgId, authToken, signer: signer(secret) })
}

describe('the signer, in the client of the SDK', () => {
  const forms = {
    'PKCS#8': (pem: string) => pem,
    'one line': (pem: string) => pem.replaceAll('\n', '\\n'),
    base64: (pem: string) => Buffer.from(pem).toString('base64'),
    'PKCS#1 or SEC1': (pem: string) => {
      const stored = readPrivateKey(pem)
      const encoding = stored?.key.asymmetricKeyType === 'rsa' ? 'pkcs1' : 'sec1'
      return (stored && writeKey({ ...stored, form: { ...stored.form, encoding } })) ?? pem
    },
  }
  const algorithms: readonly AccountAlgorithm[] = ['Ed25519', 'P-256', 'secp256k1', 'RSA-2048', 'RSA-3072']

  test.each(algorithms)(
    'signs with a key of %s, in every form that a document may hold',
    async (algorithm) => {
      const { dfns, orgId, url: baseUrl } = await dfnsWorld()
      const { publicKey, privateKey } = newKey(algorithm)
      const account = dfns.createServiceAccount({ orgId, name: algorithm, publicKey })
      dfns.assignPermission({ userId: account.userId, operations: ['Webhooks:Update', 'Webhooks:Read'] })
      const { webhookId } = dfns.createWebhook({ orgId, url, events: ['wallet.created'] })
      for (const [form, written] of Object.entries(forms)) {
        const { authToken, credId } = account
        const fields = { baseUrl, orgId, authToken, credId, privateKey: written(privateKey) }
        const text = documentOf('ServiceAccountKey', fields)
        const { fetchSecret } = source({ AWSCURRENT: { versionId: 'v', text } })
        const client = await clientOf(rotatingSecret('s', { kind: 'ServiceAccountKey', fetchSecret }))
        const changed = await client.updateWebhook({ webhookId, body: { description: form } })
        expect(changed.description).toBe(form)
      }
    },
  )
})

describe('after a rotation with a grace', () => {
  test.each(['account', 'replaced account'] as const)(
    'a token that was read before goes with the key that belongs to it («%s»)',
    async (kind) => {
      const { scene, kept, secretOf, webhookId, effects } = await stage(kind, { grace: 'PT24H' })
      const secret = secretOf('ServiceAccountKey')
      const old = await secret.get()
      const client = await clientOf(secret)
      await client.updateWebhook({ webhookId, body: { description: 'before' } })
      await scene.rotate(kept.arn)
      await secret.refused(old)
      expect((await secret.get()).active.credId).not.toBe(old.active.credId)
      await client.updateWebhook({ webhookId, body: { description: 'within the grace' } })
      expect(effects()).toBe(2)
    },
  )
})

describe('the key that signs', () => {
  const challenge = (...ids: readonly string[]) => ({
    challenge: 'Y2hhbGxlbmdl',
    allowCredentials: { key: ids.map((id) => ({ id })) },
  })
  const all = () => ({
    AWSCURRENT: generation('current'),
    AWSPENDING: generation('pending'),
    AWSPREVIOUS: generation('previous'),
  })
  const opened = (labels: ReturnType<typeof all> = all()) => {
    const store = source(labels)
    const { fetchSecret } = store
    const secret = rotatingSecret('prod/dfns', { kind: 'ServiceAccountKey', fetchSecret })
    const sign = async (...ids: readonly string[]) =>
      (await signer(secret).sign(challenge(...ids))).credentialAssertion.credId
    return { store, secret, sign }
  }

  test.each([
    [['previous', 'current', 'pending'], 'current'],
    [['previous', 'stranger'], 'previous'],
    [['pending'], 'pending'],
  ] as const)('of a challenge that allows %j is that of %s', async (allowed, expected) => {
    expect(await opened().sign(...allowed)).toBe(expected)
  })

  test('is found without reading anything where the current one is allowed', async () => {
    const { store, sign } = opened()
    await sign('current')
    await sign('current')
    expect(store.requests).toHaveLength(1)
  })

  test('is the current one where the challenge names uuids, which no document holds', async () => {
    expect(await opened().sign('cr-12345-67890', 'cr-00000-00000')).toBe('current')
  })

  test('is read where none of those held is allowed', async () => {
    const { store, sign } = opened()
    await sign('previous')
    store.labels = { AWSCURRENT: generation('next') }
    expect(await sign('next')).toBe('next')
  })

  test.each([[['stranger']], [[]], [['cr-12345', 'stranger']]])(
    'of a challenge that allows %j does not exist, after one look at the secret',
    async (ids) => {
      const { store, sign } = opened()
      await expect(sign(...ids)).rejects.toMatchObject({
        code: 'ERR_NOT_ALLOWED',
        message: 'Dfns allows none of the keys in prod/dfns to sign',
      })
      expect(store.reads()).toBe(2)
    },
  )

  test('that is no key is an error without its value', async () => {
    const text = documentOf('ServiceAccountKey', { credId: 'current', privateKey: 'canary' })
    const { sign } = opened({ ...all(), AWSCURRENT: { versionId: 'v', text } })
    const error: unknown = await sign('current').catch((reason: unknown) => reason)
    expect(error).toMatchObject({ code: 'ERR_DOCUMENT' })
    expect(String(error)).not.toContain('canary')
  })
})
