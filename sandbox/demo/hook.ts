import { createHmac } from 'node:crypto'
import type { Delivery } from '../dfns/webhook-model.ts'
import type { Scene } from '../scene.ts'
import type { Fields, Subject } from './subjects.ts'

const events = ['wallet.created']
const operations = ['Create', 'Read', 'Update', 'Delete', 'Ping', 'Events:Read'].map(
  (name) => `Webhooks:${name}`,
)

/** A webhook with its receiver, and a service account that signs for it; `keep` makes a secret of that. */
export async function hookSubject(of: {
  scene: Scene
  orgId: string
  keep: (document: Fields) => Promise<string>
}): Promise<Omit<Subject, 'maker'> & { readonly signer: string }> {
  const { scene, orgId, keep } = of
  const { dfns } = scene
  const url = `https://receiver.example/${orgId}`
  const deliveries: Delivery[] = []
  dfns.receive({ url, respond: (delivery) => ({ status: deliveries.push(delivery) > 0 ? 200 : 500 }) })
  const account = scene.openAccount({ orgId, name: 'keeper' })
  dfns.assignPermission({ userId: account.userId, operations })
  const signerArn = await keep(account.document)
  const { webhookId, secret: webhookSecret } = dfns.createWebhook({ orgId, url, events })
  const { baseUrl } = account.document
  return {
    orgId,
    signer: account.userId,
    document: { kind: 'WebhookSecret', baseUrl, orgId, webhookId, webhookSecret, url, events, signerArn },
    isAccepted: async (document) => {
      deliveries.length = 0
      await dfns.emit({ orgId, kind: 'wallet.created', data: {} })
      return deliveries.some((delivery) => isSignedWith(String(document['webhookSecret']), delivery))
    },
  }
}

function isSignedWith(secret: string, { headers, body }: Delivery): boolean {
  const signature = `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`
  return headers['x-dfns-webhook-signature'] === signature
}
