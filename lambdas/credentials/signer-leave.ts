import { RotationError } from '../errors.ts'
import type { Permission } from '../ports/dfns-account-replies.ts'
import type { DfnsAccounts } from '../ports/dfns-accounts.ts'
import { unlessRefused } from './answer.ts'
import type { Probe } from './credential.ts'

interface Leave {
  readonly accounts: DfnsAccounts
  readonly userId: string | undefined
  /** All of the organisation; nothing where they may not be listed. */
  readonly permissions: readonly Permission[] | undefined
  readonly wanted: readonly string[]
  readonly on: string
}

/**
 * Whether a signer may do what only doing it would prove: the assignments of the permissions that allow it
 * are looked through. Where those may not be read, nobody knows, and that is said.
 */
export async function signerLeave(leave: Leave): Promise<readonly Probe[]> {
  const { permissions } = leave
  const holders = permissions && (await unlessRefused(holdersOf({ ...leave, permissions })))
  const { userId } = leave
  // Whom no permission names has his rights in another way, if at all: then the call itself tells.
  const isNamed = [...(holders?.values() ?? [])].flat().some((id) => id === userId)
  return leave.wanted.map((operation): Probe => {
    const question = `may its signer ${operation}`
    if (holders === undefined) return { question, unknown: 'its assignments may not be read' }
    const given = holders.get(operation)
    if (userId === undefined || (given === undefined && !isNamed))
      return { question, unknown: 'no permission that is listed names it' }
    if (given?.includes(userId) === true) return { question }
    const problem = `its signer ${userId} has no permission for ${operation}. Nothing was made.`
    return { question, failure: new RotationError('ERR_SIGNER', `${leave.on}: ${problem}`) }
  })
}

/** `Auth:ServiceAccounts:*` and `*` stand for all that begin so. */
const allows = (operation: string, wanted: string): boolean =>
  operation.endsWith('*') ? wanted.startsWith(operation.slice(0, -1)) : operation === wanted

/** Operation → ids of whoever was given a permission for it. */
async function holdersOf(
  leave: Pick<Leave, 'accounts' | 'wanted'> & { permissions: readonly Permission[] },
): Promise<ReadonlyMap<string, readonly string[]>> {
  const { accounts, permissions, wanted } = leave
  const holders = new Map<string, readonly string[]>()
  for (const { id, operations } of permissions) {
    const allowing = wanted.filter((wish) => operations.some((one) => allows(one, wish)))
    if (allowing.length === 0) continue
    const ids = await accounts.listAssignments(id)
    for (const one of allowing) holders.set(one, [...(holders.get(one) ?? []), ...ids])
  }
  return holders
}
