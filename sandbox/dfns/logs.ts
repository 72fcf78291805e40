import type { WireResponse } from '../wire.ts'
import { queryOf } from './body.ts'
import type { Call } from './call.ts'
import { jsonReply, Refusal } from './errors.ts'
import type { LogEntry } from './model.ts'
import { kindOf } from './signers.ts'
import { need } from './state.ts'

const longestRange = 7 * 86_400_000

// No stored page shows the columns; these are fields of Get Audit Log.
const columns = ['id', 'action', 'userId', 'username', 'datePerformed', 'firstFactorCredential.id'] as const

/** List Audit Logs, GET /auth/action/logs: the signed actions of at most seven days, as CSV. */
export function listAuditLogs(call: Call): WireResponse {
  const query = queryOf(call.request)
  const [start, end] = [timeOf({ query, name: 'startTime' }), timeOf({ query, name: 'endTime' })]
  if (end < start || end - start > longestRange) throw new Refusal(400, 'Invalid query: endTime')
  const userId = query.get('userId')
  const rows = [...call.state.logs.values()]
    .filter(({ orgId, at }) => orgId === call.organisation.orgId && at >= start && at <= end)
    .filter((entry) => userId === null || entry.userId === userId)
    .map((entry) => rowOf(describe({ call, entry })))
  const csv = [columns.join(','), ...rows].map((line) => `${line}\n`).join('')
  if (call.organisation.switches.auditLogBody === 'json') return jsonReply({ status: 200, body: csv })
  return { status: 200, headers: { 'content-type': 'text/csv' }, body: csv }
}

/** Get Audit Log, GET /auth/action/logs/{id}: one signed action with its signature. */
export function getAuditLog(call: Call): WireResponse {
  const entry = call.state.logs.get(call.id)
  if (entry?.orgId !== call.organisation.orgId) throw new Refusal(404, 'Audit log not found')
  return jsonReply({ status: 200, body: describe({ call, entry }) })
}

function describe({ call, entry }: { call: Call; entry: LogEntry }) {
  const { id, action, actionToken, userId, at, assertion } = entry
  const credential = need(call.state.credentials, entry.credentialUuid)
  return {
    id,
    action,
    actionToken,
    userId,
    username: need(call.state.identities, userId).username,
    datePerformed: new Date(at).toISOString(),
    firstFactorCredential: {
      id: credential[call.organisation.switches.auditLogCredentialId],
      kind: kindOf(credential),
      publicKey: credential.publicKey,
      assertion: { authenticatorData: null, ...assertion },
    },
  }
}

function rowOf(log: ReturnType<typeof describe>): string {
  const flat = { ...log, 'firstFactorCredential.id': log.firstFactorCredential.id }
  return columns.map((column) => quoted(flat[column])).join(',')
}

function quoted(text: string): string {
  return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

function timeOf({ query, name }: { query: URLSearchParams; name: string }): number {
  const time = Date.parse(query.get(name) ?? '')
  if (Number.isNaN(time)) throw new Refusal(400, `Invalid query: ${name}`)
  return time
}
