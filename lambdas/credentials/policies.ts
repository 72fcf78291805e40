import { RotationError } from '../errors.ts'
import type { DfnsAccounts } from '../ports/dfns-accounts.ts'
import { answer, probed } from './answer.ts'
import type { Probe } from './credential.ts'
import type { KeyDocument } from './document.ts'
import type { Held } from './holder.ts'
import type { Signer } from './signer.ts'

/**
 * Whether active policies name an identity, as an approver or otherwise: they would go on naming it once
 * another has taken its place. Policies that cannot be read count as if they did.
 */
export async function approvers(of: {
  current: KeyDocument
  signer: Signer
  accounts: DfnsAccounts
  old: Held
}): Promise<Probe> {
  const { current, signer, accounts, old } = of
  const question = 'does no active policy name it (GET /v2/policies)'
  const policies = await answer(accounts.listActivePolicies().catch(signer.explain))
  if ('error' in policies) return probed(question, policies)
  const naming = policies.value.filter((policy) => JSON.stringify(policy).includes(`"${old.id}"`))
  if (naming.length === 0) return { question }
  const list = naming.map(({ id, name }) => `${name} (${id})`).join(', ')
  const problem = `${old.id} would be replaced, and these policies name it: ${list}`
  const wayOut = 'Nothing was made. Put another approver in its place first.'
  return { question, failure: new RotationError('ERR_NOT_ALLOWED', `${current.on}: ${problem}. ${wayOut}`) }
}
