import { holderOf, incompletePending } from '../../sandbox/secrets-manager/labels.ts'
import type { Secret } from '../../sandbox/secrets-manager/secret.ts'
import { documentIn } from './documents.ts'
import { heldOf, refusal } from './holdings.ts'
import type { Invocation, OperationEvent, OperationName } from './invocation.ts'
import { scheduledIds } from './strays.ts'
import type { State, Watched } from './watched.ts'

interface Promised {
  readonly state: State
  readonly watched: Watched
  readonly secret: Secret
  readonly event: OperationEvent
}

/** What an operator's command that reports success has promised, and is not so. */
export function brokenOperation(
  of: Omit<Promised, 'event'> & { invocation: Invocation },
): string | undefined {
  const event = of.invocation.event as OperationEvent
  const why = promises[event.operation]({ ...of, event })
  return why === undefined ? undefined : `${event.operation} succeeded, and ${why}`
}

const promises: Readonly<Record<OperationName, (promised: Promised) => string | undefined>> = {
  rollback({ state, watched, secret, event }) {
    const holder = holderOf({ secret, label: 'AWSCURRENT' })
    if (holder?.id !== event.to) return `AWSCURRENT is on ${holder?.id}`
    const why = refusal(state, watched, documentIn(holder))
    return why && `AWSCURRENT is refused: ${why}`
  },

  abandon({ state, watched, secret, event }) {
    const { versionId = '' } = event
    const version = secret.versions.get(versionId)
    if (version?.labels.has('AWSPENDING')) return `version ${versionId} is AWSPENDING`
    const id = documentIn(version)?.id
    const scheduled = scheduledIds(state)
    const left = activeOf({ state, watched }).find((one) => one.id === id)
    const isNamed = left === undefined || scheduled.includes(left.scheduledAs) || isNamedByLabel(secret, id)
    return isNamed || watched.superseded.some((one) => one.id === id) ? undefined : `${id} is active`
  },

  retireAtOnce: (promised) => leftActive(promised),

  decommission(promised) {
    const { secret } = promised
    if (secret.rotation?.enabled === true) return 'its rotation is on'
    if (incompletePending(secret) !== undefined) return 'AWSPENDING is there'
    const tags = [...secret.tags.keys()].filter((key) => key.startsWith('dfns-rotator:'))
    if (tags.length > 0) return `it has the tags ${tags.join(', ')}`
    const isLabelled = [...secret.versions.values()].some(({ labels }) => labels.has('dfns-decommissioned'))
    return isLabelled ? leftActive(promised) : 'no version has its label'
  },
}

const activeOf = ({ state, watched }: Pick<Promised, 'state' | 'watched'>) =>
  heldOf(state, watched).filter(({ isActive, isOurs }) => isActive && isOurs)

/** A label of AWS's own: what only a label of ours names is retired like anything else. */
function isNamedByLabel(secret: Secret, id: string | undefined): boolean {
  return [...secret.versions.values()].some(
    (version) =>
      [...version.labels].some((label) => label.startsWith('AWS')) && documentIn(version)?.id === id,
  )
}

/** Whatever is active beside AWSCURRENT and has no schedule: one that had to wait has one. */
function leftActive({ state, watched }: Promised): string | undefined {
  const scheduled = scheduledIds(state)
  const left = activeOf({ state, watched }).filter(
    ({ id, scheduledAs }) => id !== watched.current?.document.id && !scheduled.includes(scheduledAs),
  )
  return left.length === 0 ? undefined : `${left.map(({ id }) => id).join(', ')} is active`
}
