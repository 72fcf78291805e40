import { isCode, RotationError } from '../errors.ts'
import type { ListedApproval } from '../ports/dfns-account-replies.ts'
import type { ApprovalStatus } from '../ports/dfns-policies.ts'
import { DfnsFailure } from '../ports/dfns-transport.ts'
import { readAuthToken } from './auth-token.ts'
import type { Means } from './credential.ts'
import type { KeyDocument } from './document.ts'

interface Approval extends ListedApproval {
  readonly status: ApprovalStatus
}

/** The approvals that one identity asked for and that were not given; nothing where it may not list them. */
export type Approvals = readonly Approval[] | undefined

/** Whoever asks for changes. */
export interface Asker {
  readonly document: KeyDocument
  readonly means: Means
}

/** The user or service account behind a document's calls. */
export async function userIdOf({ document, means }: Asker): Promise<string | undefined> {
  if (document.userId !== undefined) return document.userId
  return readAuthToken(await means.dfnsAs(document.identity).authToken())?.userId
}

/** Every call asked for while an approval is pending makes another approval: so this is looked at before. */
export async function earlierApprovals(asker: Asker): Promise<Approvals> {
  return (await asker.means.mayHaveAsked()) ? approvalsOf(asker) : []
}

async function approvalsOf(asker: Asker): Promise<Approvals> {
  const { document, means } = asker
  const initiatorId = await userIdOf(asker)
  const accounts = means.accountsAs(document.identity)
  const list = async (status: ApprovalStatus) =>
    (await accounts.listApprovals({ status, initiatorId })).map((one) => ({ ...one, status }))
  try {
    const pending = await list('Pending')
    const decided = await Promise.all([list('Denied'), list('Expired')])
    return [...pending, ...decided.flat()]
  } catch (error) {
    if (error instanceof DfnsFailure && error.isRefusal) return undefined
    throw error
  }
}

/** A change that a policy may hold back. */
export interface Change {
  /** How errors call it. */
  readonly what: string
  readonly on: string
  /**
   * What its approval names, all of it. For most changes no page says how an approval shows them, so it is
   * looked for in its text.
   */
  readonly about: readonly string[]
}

/**
 * Asks for a change, unless the same waits for its approval already (ERR_APPROVAL_PENDING, which may pass) or
 * was denied (ERR_APPROVAL_DENIED, which does not).
 */
export async function asking<T>(
  given: Change & { asker: Asker; approvals: Promise<Approvals>; call: () => Promise<T> },
): Promise<T> {
  const { asker, call } = given
  const approvals = await given.approvals
  const refusal = refusalIn(approvals, given)
  if (refusal !== undefined) throw refusal
  try {
    return await call()
  } catch (error) {
    if (!isCode(error, 'ERR_APPROVAL_PENDING')) throw error
    const made = approvals && (await approvalsOf(asker).catch((): Approvals => []))
    throw made === undefined ? unlisted(given) : (refusalIn(made, given) ?? pending(given, ''))
  }
}

/** What stands in the way of a change: its approval is pending, or was denied, or neither. */
export function refusalIn(approvals: Approvals, change: Change): RotationError | undefined {
  const { what, on, about } = change
  const own = (approvals ?? [])
    .filter(({ activity }) => about.every((part) => JSON.stringify(activity ?? null).includes(part)))
    .toSorted((a, b) => a.dateCreated.localeCompare(b.dateCreated))
  const waiting = own.find(({ status }) => status === 'Pending')
  if (waiting !== undefined) return pending(change, ` ${waiting.id}`)
  const last = own.at(-1)
  if (last === undefined) return undefined
  const fate = last.status === 'Denied' ? 'was denied' : 'was not given in time'
  const problem = `${what}: its approval ${last.id} ${fate}`
  return new RotationError('ERR_APPROVAL_DENIED', `${on}: ${problem}. It is not asked for again.`)
}

function pending({ what, on }: Change, id: string): RotationError {
  const problem = `${what} waits for a policy's approval${id}`
  const until = 'Nothing is asked for again until it is decided'
  return new RotationError('ERR_APPROVAL_PENDING', `${on}: ${problem}. ${until}.`, { retryable: true })
}

function unlisted({ what, on }: Change): RotationError {
  const problem = `${what} waits for a policy's approval, and its asker may not list approvals`
  const so = 'so every attempt asks anew. Allow it Policies:Approvals:Read, or decide the approval'
  return new RotationError('ERR_APPROVAL_PENDING', `${on}: ${problem}, ${so}.`, { retryable: true })
}
