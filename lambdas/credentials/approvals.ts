import { isCode, RotationError } from '../errors.ts'
import type { ListedApproval } from '../ports/dfns-account-replies.ts'
import { type ApprovalStatus, approvalStatuses } from '../ports/dfns-policies.ts'
import { unlessRefused } from './answer.ts'
import { readAuthToken } from './auth-token.ts'
import type { Means } from './credential.ts'
import type { KeyDocument } from './document.ts'

interface Approval extends Omit<ListedApproval, 'status'> {
  readonly status: ApprovalStatus
}

/** Approvals that one identity asked for; nothing where it may not list them. */
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

/**
 * Those that were not given. Every call asked for while an approval is pending makes another approval: so
 * this is looked at before.
 */
export async function earlierApprovals(asker: Asker): Promise<Approvals> {
  return (await asker.means.mayHaveAsked()) ? notGiven(asker) : []
}

async function notGiven(asker: Asker): Promise<Approvals> {
  const pending = await approvalsOf(asker, 'Pending')
  return pending && [...pending, ...((await approvalsOf(asker, 'Denied', 'Expired')) ?? [])]
}

async function approvalsOf(asker: Asker, ...statuses: readonly ApprovalStatus[]): Promise<Approvals> {
  const { document, means } = asker
  const initiatorId = await userIdOf(asker)
  const accounts = means.accountsAs(document.identity)
  const list = async (status: ApprovalStatus) =>
    (await accounts.listApprovals({ status, initiatorId }))
      .filter((one) => !isAnother({ said: one.status, asked: status }))
      .map((one) => ({ ...one, status }))
  return (await unlessRefused(Promise.all(statuses.map(list))))?.flat()
}

/** Whether an approval says of itself that it was not asked for. */
const isAnother = ({ said, asked }: { said: string | undefined; asked: ApprovalStatus }): boolean =>
  said !== asked && approvalStatuses.some((one) => one === said)

/** A change that a policy may hold back. */
export interface Change {
  /** How errors call it. */
  readonly what: string
  readonly on: string
  /**
   * What its approval names, all of it. For most changes no page says how an approval shows them, so it is
   * looked for in its text.
   */
  readonly about: readonly (string | RegExp)[]
  /** It makes what only its asker is shown the secret of. What an approval makes is of no use to anybody. */
  readonly isForAsker?: boolean
}

/** A deactivation as its approval names it: the id, and that it is no activation. */
export function deactivationOf({ noun, id, on }: { noun: string; id: string; on: string }): Change {
  const isDeactivation = /"isActive":false|deactivat/i
  return { what: `the deactivation of ${noun} ${id}`, on, about: [`"${id}"`, isDeactivation] }
}

/**
 * Asks for a change, unless the same waits for its approval already (ERR_APPROVAL_PENDING, which may pass),
 * was denied (ERR_APPROVAL_DENIED, which does not), or was approved in vain (ERR_NOT_ALLOWED, likewise).
 */
export async function asking<T>(
  given: Change & { asker: Asker; approvals: Promise<Approvals>; call: () => Promise<T> },
): Promise<T> {
  const { asker, call } = given
  const approvals = await given.approvals
  const refusal = refusalIn(approvals, given)
  if (refusal !== undefined) throw refusal
  if (given.isForAsker === true) await assertNotInVain(given)
  try {
    return await call()
  } catch (error) {
    if (!isCode(error, 'ERR_APPROVAL_PENDING')) throw error
    await asker.means.rememberAsked()
    const made = approvals && (await notGiven(asker).catch((): Approvals => []))
    throw made === undefined ? unlisted(given) : (refusalIn(made, given) ?? pending(given, ''))
  }
}

/** The approval of a change, if it was given. Nothing where nobody asked yet, or its asker may not list. */
export async function givenTo({ asker, about }: Pick<Change, 'about'> & { asker: Asker }) {
  if (!(await asker.means.mayHaveAsked())) return undefined
  return thoseAbout(about, await approvalsOf(asker, 'Approved')).at(-1)
}

/** To ask again would make another of no use, once that is approved, too. */
async function assertNotInVain(given: Change & { asker: Asker }): Promise<void> {
  const approval = await givenTo(given)
  if (approval === undefined) return
  const problem = `${given.what}: its approval ${approval.id} was given, in vain. It is not asked for again`
  const wayOut = 'Have the policy let its asker make one without, and give this rotation up'
  throw new RotationError('ERR_NOT_ALLOWED', `${given.on}: ${problem}. ${wayOut}.`)
}

/** Oldest first. */
function thoseAbout(about: Change['about'], approvals: Approvals): readonly Approval[] {
  return (approvals ?? [])
    .filter(({ activity }) => about.every((part) => isIn(JSON.stringify(activity ?? null), part)))
    .toSorted((a, b) => a.dateCreated.localeCompare(b.dateCreated))
}

const isIn = (text: string, part: string | RegExp): boolean =>
  typeof part === 'string' ? text.includes(part) : part.test(text)

/** What stands in the way of a change: its approval is pending, or was denied, or neither. */
export function refusalIn(approvals: Approvals, change: Change): RotationError | undefined {
  const { what, on, about } = change
  const own = thoseAbout(about, approvals)
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
