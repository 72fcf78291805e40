import { createHash, generateKeyPairSync, randomBytes, sign } from 'node:crypto'
import {
  GetSecretValueCommand,
  PutSecretValueCommand,
  SecretsManagerClient,
  UpdateSecretVersionStageCommand,
} from '@aws-sdk/client-secrets-manager'
import { DfnsApiClient } from '@dfns/sdk'
import { AsymmetricKeySigner } from '@dfns/sdk-keysigner'

// Dfns's guide "Rotate credentials" step by step, as somebody writes it in an afternoon with the published
// SDK and its key signer: what dfns-rotator is measured against. It is no part of the product. Where it fails
// half-way nobody knows what it left, and the one place where that costs a key is marked below.

interface Document {
  readonly kind: string
  readonly baseUrl: string
  readonly orgId: string
  readonly authToken: string
  readonly credId: string
  readonly privateKey: string
  readonly webhookId: string
  readonly signerArn: string
}

interface Version {
  readonly id: string
  readonly document: Document
}

const secrets = new SecretsManagerClient({})

/** As a function, so that it runs where dfns-rotator does. */
export async function handler({ secretArn }: { secretArn: string }): Promise<void> {
  const current = await read(secretArn)
  if (current.document.kind === 'WebhookSecret') await rotateWebhook(secretArn, current)
  else await rotateKey(secretArn, current)
}

async function read(SecretId: string): Promise<Version> {
  const version = await secrets.send(new GetSecretValueCommand({ SecretId }))
  return { id: version.VersionId ?? '', document: JSON.parse(version.SecretString ?? '') as Document }
}

const clientOf = ({ baseUrl, orgId, authToken, credId, privateKey }: Document) =>
  new DfnsApiClient({ baseUrl, orgId, authToken, signer: new AsymmetricKeySigner({ credId, privateKey }) })

async function rotateKey(secretArn: string, current: Version): Promise<void> {
  const old = clientOf(current.document)

  // 1. "Generate a new keypair". The guide's is RSA-2048; this one is of the kind that dfns-rotator makes.
  const pair = generateKeyPairSync('ed25519')
  const publicKey = String(pair.publicKey.export({ type: 'spki', format: 'pem' }))
  const privateKey = String(pair.privateKey.export({ type: 'pkcs8', format: 'pem' }))
  const credId = randomBytes(24).toString('base64url')

  // 2. "Add the new credential", signed with the old one.
  const asked = await old.auth.createCredentialChallenge({ body: { kind: 'Key' } })
  if (asked.kind !== 'Key') throw new Error('a challenge of another kind')
  const { challenge, challengeIdentifier } = asked
  const clientData = JSON.stringify({ challenge, type: 'key.create' })
  const clientDataHash = createHash('sha256').update(clientData).digest('hex')
  const fingerprint = Buffer.from(JSON.stringify({ clientDataHash, publicKey }))
  const signature = sign(undefined, fingerprint, privateKey).toString('hex')
  const created = await old.auth.createCredential({
    body: {
      credentialKind: 'Key',
      credentialName: `rotated ${credId}`,
      challengeIdentifier,
      credentialInfo: {
        credId,
        clientData: Buffer.from(clientData).toString('base64url'),
        attestationData: Buffer.from(JSON.stringify({ publicKey, signature })).toString('base64url'),
      },
    },
  })

  // 3. "Deploy the new private key … Verify that API calls work". Until it is stored, a crash loses it.
  const document = { ...current.document, credId, privateKey }
  const newId = await store(secretArn, document)
  const renewed = clientOf(document)
  const { credentialUuid } = created
  await renewed.auth.activateCredential({ body: { credentialUuid } })
  await promote(secretArn, { from: current.id, to: newId })

  // 4. "Deactivate the old credential".
  const { items } = await renewed.auth.listCredentials()
  const superseded = items.find((one) => one.credentialId === current.document.credId)
  if (superseded === undefined) throw new Error('the old credential is not listed')
  await renewed.auth.deactivateCredential({ body: { credentialUuid: superseded.credentialUuid } })
}

async function rotateWebhook(secretArn: string, current: Version): Promise<void> {
  const signer = await read(current.document.signerArn)
  const { webhooks } = clientOf(signer.document)
  const { webhookId } = current.document

  // 1. "Create a new webhook … with the same URL and event subscriptions".
  const { url, events } = await webhooks.getWebhook({ webhookId })
  const created = await webhooks.createWebhook({ body: { url, events } })

  // 2. "Configure your webhook handler to accept signatures from both". Until it is stored, a crash loses it.
  const document = { ...current.document, webhookId: created.id, webhookSecret: created.secret }
  const newId = await store(secretArn, document)
  await webhooks.pingWebhook({ webhookId: created.id })
  await promote(secretArn, { from: current.id, to: newId })

  // 3. "Delete the old webhook".
  await webhooks.deleteWebhook({ webhookId })
}

async function store(SecretId: string, document: object): Promise<string> {
  const SecretString = JSON.stringify(document)
  const stored = await secrets.send(
    new PutSecretValueCommand({ SecretId, SecretString, VersionStages: ['AWSPENDING'] }),
  )
  return stored.VersionId ?? ''
}

async function promote(SecretId: string, { from, to }: { from: string; to: string }): Promise<void> {
  await secrets.send(
    new UpdateSecretVersionStageCommand({
      SecretId,
      VersionStage: 'AWSCURRENT',
      MoveToVersionId: to,
      RemoveFromVersionId: from,
    }),
  )
}
