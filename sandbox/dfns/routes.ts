import type { WireRequest, WireResponse } from '../wire.ts'
import type { Call, SignedCall } from './call.ts'
import * as credentials from './credentials.ts'
import { authMatrix, type Operation } from './matrix.ts'
import { getServiceAccount } from './service-accounts.ts'
import { createUserActionChallenge, signUserAction, spendUserAction } from './user-actions.ts'
import { getWebhookEvent, listWebhookEvents } from './webhook-events.ts'
import * as webhooks from './webhooks.ts'

type Reply = WireResponse | Promise<WireResponse>

/** What answers a call whose token and matrix row have been checked. */
export type Endpoint = (call: Call) => Reply

const signed =
  (endpoint: (call: SignedCall) => Reply): Endpoint =>
  (call) =>
    endpoint(spendUserAction(call))

/** The endpoint behind each row of the auth matrix. */
export const endpoints: Readonly<Record<Operation, Endpoint>> = {
  'POST /auth/action/init': createUserActionChallenge,
  'POST /auth/action': signUserAction,
  'POST /auth/credentials/init': credentials.createCredentialChallenge,
  'POST /auth/credentials': signed(credentials.createCredential),
  'GET /auth/credentials': credentials.listCredentials,
  'PUT /auth/credentials/activate': signed(credentials.activateCredential),
  'PUT /auth/credentials/deactivate': signed(credentials.deactivateCredential),
  'GET /auth/service-accounts/{serviceAccountId}': getServiceAccount,
  'POST /webhooks': signed(webhooks.createWebhook),
  'GET /webhooks': webhooks.listWebhooks,
  'GET /webhooks/{webhookId}': webhooks.getWebhook,
  'PUT /webhooks/{webhookId}': signed(webhooks.updateWebhook),
  'DELETE /webhooks/{webhookId}': signed(webhooks.deleteWebhook),
  'POST /webhooks/{webhookId}/ping': signed(webhooks.pingWebhook),
  'GET /webhooks/{webhookId}/events': listWebhookEvents,
  'GET /webhooks/{webhookId}/events/{webhookEventId}': getWebhookEvent,
}

const patterns = (Object.keys(authMatrix) as Operation[]).map((operation) => ({
  operation,
  pattern: new RegExp(`^${operation.replaceAll(/\{\w+\}/g, '([^/]+)')}$`),
}))

/** The operation a request asks for, and the first id in its path; nothing for what is not simulated. */
export function route({
  method,
  path,
}: Pick<WireRequest, 'method' | 'path'>): { operation: Operation; id: string } | undefined {
  const line = `${method} ${path.replace(/\?.*$/, '')}`
  for (const { operation, pattern } of patterns) {
    const match = pattern.exec(line)
    if (match) return { operation, id: match[1] ?? '' }
  }
  return undefined
}
