import type { Effect } from '../../sandbox/dfns/model.ts'
import { heldOf, isOurCredential } from './holdings.ts'
import { report, type State, type Watched } from './watched.ts'

/** Effects at Dfns, each seen once: who made what, and whether he may touch it. */
export function lookAtEffects(state: State, during: string): void {
  const { effects } = state.dfns.state
  // A world without history empties the list after it was looked at.
  if (state.effects > effects.length || !state.keepsHistory) state.effects = 0
  for (const effect of effects.slice(state.effects)) lookAtEffect({ state, effect, during })
  state.effects = effects.length
}

// Of nobody's own, or of the caller's session alone.
const harmless = /^(session|user action|approval|code) /

function lookAtEffect({ state, effect, during }: { state: State; effect: Effect; during: string }): void {
  const { kind, by, credentialUuid } = effect
  if (harmless.test(kind)) return
  if (by === 'administrator') {
    if (kind === 'credential created' && credentialUuid !== undefined) state.foreign.add(credentialUuid)
    return
  }
  if (kind === 'webhook deleted') lookAtRetries({ state, effect, during })
  // A user's session is another token every time.
  const caller = state.dfns.state.tokens.get(by.tokenId)?.userId ?? ''
  const owners = [...state.watched.values()].filter((watched) => callersOf(state, watched).includes(caller))
  if (owners.some((owner) => isOfOwner({ state, owner, effect }))) return
  const credential = state.dfns.state.credentials.get(credentialUuid ?? '')
  const what = credential?.credentialId ?? effect.webhookId ?? effect.tokenId ?? effect.userId
  const problem = `${kind}: ${what}, which is not of ${owners[0]?.arn ?? 'ours'}`
  report(state, { invariant: 'nothing foreign is touched', problem, during })
}

/** Who may act for a secret: its identity, its signer, and every account that it had. */
function callersOf(state: State, watched: Watched): readonly string[] {
  const { userId, signerUserId = userId } = watched
  const accounts = watched.rotates === 'identity' ? heldOf(state, watched) : []
  return [
    userId,
    signerUserId,
    ...accounts.flatMap(({ isOurs, scheduledAs }) => (isOurs ? [scheduledAs] : [])),
  ]
}

function isOfOwner({ state, owner, effect }: { state: State; owner: Watched; effect: Effect }): boolean {
  const { kind, credentialUuid, userId, tokenId, webhookId } = effect
  if (owner.rotates === 'key') {
    const credential = state.dfns.state.credentials.get(credentialUuid ?? '')
    if (!kind.startsWith('credential') || credential === undefined) return false
    return owner.userId === userId && isOurCredential(state, owner, credential)
  }
  const ours = heldOf(state, owner).flatMap(({ isOurs, scheduledAs }) => (isOurs ? [scheduledAs] : []))
  if (owner.rotates === 'webhook') return webhookId !== undefined && ours.includes(webhookId)
  const { patId, credentialId = '' } = state.dfns.state.credentials.get(credentialUuid ?? '') ?? {}
  // A key comes with its account or token, and is not touched after that, unless it outlives its token.
  if (kind.startsWith('credential') && kind !== 'credential created')
    return owner.named.has(credentialId) && state.dfns.state.tokens.get(patId ?? '')?.isActive === false
  return ours.includes(userId) || ours.includes(tokenId ?? patId ?? '')
}

/** Deleting a webhook drops what it would have tried again: none of it may be what no other one carries. */
function lookAtRetries({ state, effect, during }: { state: State; effect: Effect; during: string }): void {
  const { webhooks } = state.dfns.state
  const deleted = webhooks.get(effect.webhookId ?? '')
  const others = [...webhooks.values()].filter(({ isDeleted }) => !isDeleted)
  const now = state.clock.now()
  for (const event of deleted?.attempts ?? []) {
    if (event.nextAttemptDate === undefined || event.nextAttemptDate <= now) continue
    const told = JSON.stringify([event.kind, event.date, event.data])
    const isCarried = others.some(({ attempts, settings }) =>
      attempts.some(
        ({ kind, date, data }) =>
          settings.url === deleted?.settings.url && JSON.stringify([kind, date, data]) === told,
      ),
    )
    if (isCarried) continue
    const problem = `a retry of ${told} was to come, which only the deleted webhook ${deleted?.webhookId} carries`
    report(state, { invariant: 'no event is lost', problem, during })
  }
}
