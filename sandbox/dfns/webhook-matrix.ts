import type { MatrixRow } from './matrix.ts'

const allowed = ['user', 'pat', 'serviceAccount'] as const

/** The auth matrix's rows for webhooks: everybody with the permission, except end users. */
export const webhookMatrix = {
  'POST /webhooks': { allowed, permission: 'Webhooks:Create' },
  'GET /webhooks': { allowed, permission: 'Webhooks:Read' },
  'GET /webhooks/{webhookId}': { allowed, permission: 'Webhooks:Read' },
  'PUT /webhooks/{webhookId}': { allowed, permission: 'Webhooks:Update' },
  'DELETE /webhooks/{webhookId}': { allowed, permission: 'Webhooks:Delete' },
  'POST /webhooks/{webhookId}/ping': { allowed, permission: 'Webhooks:Ping' },
  'GET /webhooks/{webhookId}/events': { allowed, permission: 'Webhooks:Events:Read' },
  'GET /webhooks/{webhookId}/events/{webhookEventId}': { allowed, permission: 'Webhooks:Events:Read' },
} as const satisfies Record<string, MatrixRow>
