import type { WireRequest, WireResponse } from '../wire.ts'
import type { Call, SignedCall } from './call.ts'
import { createCredentialCode } from './codes.ts'
import * as credentials from './credentials.ts'
import { logout } from './login.ts'
import * as logs from './logs.ts'
import { authMatrix, type Operation } from './matrix.ts'
import * as pats from './pats.ts'
import * as permissions from './permissions.ts'
import * as policies from './policies.ts'
import * as accounts from './service-accounts.ts'
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
  'GET /auth/action/logs': logs.listAuditLogs,
  'GET /auth/action/logs/{id}': logs.getAuditLog,
  'PUT /auth/logout': logout,
  'POST /auth/credentials/init': credentials.createCredentialChallenge,
  'POST /auth/credentials': signed(credentials.createCredential),
  'GET /auth/credentials': credentials.listCredentials,
  'PUT /auth/credentials/activate': signed(credentials.activateCredential),
  'PUT /auth/credentials/deactivate': signed(credentials.deactivateCredential),
  'DELETE /auth/credentials/{credentialUuid}': signed(credentials.deleteCredential),
  'POST /auth/credentials/code': signed(createCredentialCode),
  'POST /auth/service-accounts': signed(accounts.createServiceAccount),
  'GET /auth/service-accounts': accounts.listServiceAccounts,
  'GET /auth/service-accounts/{serviceAccountId}': accounts.getServiceAccount,
  'PUT /auth/service-accounts/{serviceAccountId}': signed(accounts.updateServiceAccount),
  'PUT /auth/service-accounts/{serviceAccountId}/activate': signed(accounts.activateServiceAccount),
  'PUT /auth/service-accounts/{serviceAccountId}/deactivate': signed(accounts.deactivateServiceAccount),
  'DELETE /auth/service-accounts/{serviceAccountId}': signed(accounts.deleteServiceAccount),
  'POST /auth/pats': signed(pats.createPersonalAccessToken),
  'GET /auth/pats': pats.listPersonalAccessTokens,
  'GET /auth/pats/{tokenId}': pats.getPersonalAccessToken,
  'PUT /auth/pats/{tokenId}': signed(pats.updatePersonalAccessToken),
  'PUT /auth/pats/{tokenId}/activate': signed(pats.activatePersonalAccessToken),
  'PUT /auth/pats/{tokenId}/deactivate': signed(pats.deactivatePersonalAccessToken),
  'DELETE /auth/pats/{tokenId}': signed(pats.deletePersonalAccessToken),
  'GET /permissions': permissions.listPermissions,
  'GET /permissions/{permissionId}': permissions.getPermission,
  'GET /permissions/{permissionId}/assignments': permissions.listAssignments,
  'POST /permissions/{permissionId}/assignments': signed(permissions.createAssignment),
  'DELETE /permissions/{permissionId}/assignments/{assignmentId}': signed(permissions.deleteAssignment),
  'GET /v2/policies': policies.listPolicies,
  'GET /v2/policies/{policyId}': policies.getPolicy,
  'GET /v2/policy-approvals': policies.listApprovals,
  'GET /v2/policy-approvals/{approvalId}': policies.getApproval,
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

/** The operation a request asks for, and the ids in its path; nothing for what is not simulated. */
export function route({
  method,
  path,
}: Pick<WireRequest, 'method' | 'path'>): { operation: Operation; ids: string[] } | undefined {
  const line = `${method} ${path.replace(/\?.*$/, '')}`
  for (const { operation, pattern } of patterns) {
    const match = pattern.exec(line)
    if (match) return { operation, ids: match.slice(1) }
  }
  return undefined
}
