import { isDeepStrictEqual } from 'node:util'
import type { WireResponse } from '../wire.ts'
import { askerOf, carryOut } from './approvals.ts'
import type { Call, SignedCall } from './call.ts'
import { jsonReply, Refusal } from './errors.ts'
import type { Effect } from './model.ts'
import type { HeldChange } from './policy-model.ts'
import { listed } from './signers.ts'
import { record } from './state.ts'
import { sendFakeEvent } from './webhook-deliveries.ts'
import type { Webhook } from './webhook-model.ts'
import { pageOf, queryOf } from './webhook-pages.ts'
import { changedSettings, newSettings } from './webhook-settings.ts'
import { storeWebhook, webhooksOf } from './webhook-store.ts'

/**
 * Create Webhook, POST /webhooks: the only reply that shows the secret. What an approval makes shows it to
 * nobody.
 */
export function createWebhook(call: SignedCall): WireResponse {
  const { state, organisation, request } = call
  const { switches, orgId } = organisation
  const settings = newSettings({ body: request.body, switches })
  return change({
    call,
    webhookId: '',
    changes: { action: 'createWebhook', operationKind: 'Create', body: { ...settings } },
    check: () => refuseTooMany(call),
    apply: () => {
      const webhook = storeWebhook({ state, orgId, settings, unlisted: switches.webhookListLag })
      note({ call, kind: 'webhook created', webhook })
      return { ...describe(webhook), secret: webhook.secret }
    },
  })
}

/** List Webhooks, GET /webhooks: those of the caller's organisation in pages, oldest first. */
export function listWebhooks(call: Call): WireResponse {
  const { state, organisation, request } = call
  const { orgId, switches } = organisation
  const visible = new Set(listed(webhooksOf({ state, orgId })))
  const all = [...state.webhooks.values()]
  const shows = (webhook: Webhook) => visible.has(webhook)
  const page = pageOf({ all, shows, query: queryOf(request), size: switches.webhookPageSize })
  return jsonReply({ status: 200, body: { ...page, items: page.items.map(describe) } })
}

/** Get Webhook, GET /webhooks/{webhookId}. */
export function getWebhook(call: Call): WireResponse {
  return jsonReply({ status: 200, body: describe(namedWebhook({ call, webhookId: call.id })) })
}

/**
 * Update Webhook, PUT /webhooks/{webhookId}: what the body does not name stays as it is. A policy holds back
 * also what would change nothing: no document says so.
 */
export function updateWebhook(call: SignedCall): WireResponse {
  const { state, organisation, request } = call
  const webhook = namedWebhook({ call, webhookId: call.id })
  const changed = changedSettings({ body: request.body, switches: organisation.switches })
  return change({
    call,
    webhookId: call.id,
    changes: { action: 'updateWebhook', operationKind: 'Update', body: changed },
    check: () => void namedWebhook({ call, webhookId: call.id }),
    apply: () => {
      const settings = { ...webhook.settings, ...changed }
      const isChanged = !isDeepStrictEqual(settings, webhook.settings)
      if (isChanged || organisation.switches.webhookUpdateTouches)
        Object.assign(webhook, { settings, dateUpdated: state.clock.now() })
      if (isChanged) note({ call, kind: 'webhook updated', webhook })
      const secret = organisation.switches.webhookUpdateShowsSecret ? { secret: webhook.secret } : {}
      return { ...describe(webhook), ...secret }
    },
  })
}

/** Delete Webhook, DELETE /webhooks/{webhookId}: retries that are to come will not. */
export function deleteWebhook(call: SignedCall): WireResponse {
  const webhook = namedWebhook({ call, webhookId: call.id })
  return change({
    call,
    webhookId: call.id,
    changes: { action: 'deleteWebhook', operationKind: 'Delete', body: {} },
    check: () => void namedWebhook({ call, webhookId: call.id }),
    apply: () => {
      webhook.isDeleted = true
      note({ call, kind: 'webhook deleted', webhook })
      return { deleted: true }
    },
  })
}

/** Ping Webhook, POST /webhooks/{webhookId}/ping: the status that the receiver gave a fake event. */
export async function pingWebhook(call: SignedCall): Promise<WireResponse> {
  const { state, organisation } = call
  const webhook = namedWebhook({ call, webhookId: call.id })
  const { webhookPingDisabled } = organisation.switches
  if (webhook.settings.status === 'Disabled' && webhookPingDisabled !== 'deliver') {
    throw new Refusal(webhookPingDisabled, 'Webhook is disabled')
  }
  note({ call, kind: 'webhook pinged', webhook })
  const { status, ...error } = await sendFakeEvent({ state, webhook })
  return jsonReply({ status: 200, body: { status: String(status), ...error } })
}

/** The webhook with this id, if the caller's organisation has it; a deleted one is answered 404, too. */
export function namedWebhook({ call, webhookId }: { call: Call; webhookId: string }): Webhook {
  const { state, organisation } = call
  const webhook = state.webhooks.get(webhookId)
  if (webhook?.orgId !== organisation.orgId || webhook.isDeleted) {
    throw new Refusal(404, 'Webhook not found')
  }
  return webhook
}

/** Carried out, or held back like any other change. No document says that a policy can guard webhooks. */
function change(given: {
  call: SignedCall
  webhookId: string
  changes: Pick<HeldChange, 'action' | 'operationKind' | 'body'>
  check: () => void
  apply: () => object
}): WireResponse {
  const { call, webhookId: entityId, changes, check, apply } = given
  const { userId } = call.identity
  return carryOut({
    asker: askerOf(call),
    change: { ...changes, entityId, userId },
    check,
    apply: () => jsonReply({ status: 200, body: apply() }),
  })
}

function refuseTooMany({ state, organisation }: SignedCall): void {
  const { switches, orgId } = organisation
  if (webhooksOf({ state, orgId }).length < switches.webhookCap) return
  const message = `An organisation may have at most ${switches.webhookCap} webhooks`
  throw new Refusal(switches.webhookCapStatus, message)
}

function describe({ webhookId: id, settings, dateCreated, dateUpdated }: Webhook) {
  const { url, events, status, description } = settings
  const dates = { dateCreated: iso(dateCreated), dateUpdated: iso(dateUpdated) }
  return { id, url, events, status, description, ...dates }
}

const iso = (time: number) => new Date(time).toISOString()

function note({ call, kind, webhook }: { call: SignedCall; kind: Effect['kind']; webhook: Webhook }): void {
  const { orgId, userId, tokenId } = call.token
  const by = { tokenId, credentialUuid: call.action.credentialUuid }
  record({ state: call.state, effect: { kind, orgId, userId, webhookId: webhook.webhookId, by } })
}
