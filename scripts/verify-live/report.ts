import { pessimistic } from '../../sandbox/dfns/switches.ts'
import { UNKIND_VAULT } from '../../sandbox/secrets-manager/secret.ts'
import type { Seen } from './experiment.ts'

const number = /^\d+$/

/** The answers that the simulator can give; whatever else is seen is news. */
const answers: Readonly<Record<string, RegExp>> = {
  selfRotation: /^init (allow|401|403), list (allow|401|403)(, activate (allow|401|403))?$/,
  allowCredentialsId: /^credential(Id|Uuid)$/,
  allowCredentialsInactive: /^(listed|hidden)$/,
  listPublicKey: /^(pem|fingerprint|empty)$/,
  accessTokenCredId: /^(credentialId|credentialUuid|empty)$/,
  errorBody: /^(error|legacy|details)$/,
  rateLimit: number,
  login: /^token$/,
  sessionTtl: /^[1-9]\d* min$/,
  userCredentialSignsForPat: /^(true|false)$/,
  patCredentialBelongsToUser: /^(true|false)$/,
  auditLogBody: /^(csv|json)$/,
  webhookPageSize: number,
  listLag: number,
  acceptanceLag: number,
  duplicateCredId: /^(refuse|allow)$/,
  keyReuse: /^(refuse|allow)$/,
  webhookListLag: number,
  webhookPingDisabled: /^(deliver|400|409|422)$/,
  webhookUpdateShowsSecret: /^(true|false)$/,
  webhookUpdateTouches: /^(true|false)$/,
  repeatedPutMovesLabels: /^(true|false)$/,
  leftoverPending: /^(kept|dropped)$/,
}

export const isKnown = (one: Seen): boolean => answers[one.switch]?.test(one.seen) === true

/** What the simulator answers unless a test says otherwise. */
function assumed(name: string): string {
  const all: Readonly<Record<string, unknown>> = { ...pessimistic, ...UNKIND_VAULT }
  const value = all[name]
  if (name === 'sessionTtl') return `${Number(value) / 60_000} min`
  return typeof value === 'object' ? 'see its switch' : JSON.stringify(value)
}

/** One line of the report. */
export function lineOf(of: { experiment: string; outcome: Seen | { readonly why: string } }): string {
  const { experiment, outcome } = of
  const name = experiment.padEnd(26)
  if ('why' in outcome) return `–  ${name}${outcome.why}`
  const mark = isKnown(outcome) ? '✓' : '✗'
  const news = isKnown(outcome) ? '' : '   not as assumed'
  const question = outcome.switch.padEnd(28)
  return `${mark}  ${name}${question}${outcome.seen}   (simulator: ${assumed(outcome.switch)})${news}`
}
