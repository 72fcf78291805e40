import { attest } from '../crypto/key-credential.ts'
import { credentialNameOf, type Lineage } from '../crypto/lineage.ts'
import { isCode, RotationError } from '../errors.ts'
import type { Dfns } from '../ports/dfns.ts'
import type { UserActionChallenge } from '../ports/dfns-replies.ts'
import { early, settled } from '../ports/time.ts'
import { type Approvals, earlierApprovals, asking } from './approvals.ts'
import type { Means } from './credential.ts'
import type { KeyDocument } from './document.ts'
import { type Manager, managerOf } from './manager.ts'
import { credentialsOf, prove } from './proof.ts'
import { assertFollows } from './succession.ts'

interface Registration {
  readonly current: () => Promise<KeyDocument>
  readonly pending: KeyDocument
  readonly lineage: Lineage
  readonly means: Means
}

/**
 * Create Credential, signed by whoever may sign: the identity itself with its current key (Dfns, "Rotate
 * credentials"), or its signer.
 */
export async function register(registration: Registration): Promise<void> {
  const { pending, means } = registration
  const asked = await askAsPending(registration)
  if (asked.isRegistered) return prove({ generation: pending, fresh: true, means })
  const current = await registration.current()
  assertFollows({ current, pending })
  const manager = await managerOf({ generation: current, means })
  const challenge = asked.challenge ?? early(manager.dfns.createCredentialChallenge())
  if (asked.challenge === undefined) {
    const registered = await credentialsOf(manager.dfns, pending).catch(manager.explain)
    if (registered.length > 0) return prove({ generation: pending, fresh: true, means })
  }
  const approvals = asked.approvals ?? early(earlierApprovals({ document: manager.document, means }))
  const opened = await challenge.catch(manager.explain)
  await create({ ...registration, manager, opened, approvals }).catch(async (error: unknown) => {
    if (isCode(error, 'ERR_APPROVAL_PENDING', 'ERR_APPROVAL_DENIED')) throw error
    // A reply can be lost, and a concurrent invocation be first: look before a failure is believed.
    if (!(await isRegistered({ dfns: manager.dfns, pending, means }))) await manager.explain(error)
    await prove({ generation: pending, fresh: true, means })
  })
}

type Challenge = ReturnType<Dfns['createCredentialChallenge']>

interface Asked {
  readonly isRegistered: boolean
  /** Asked for in the meantime. A repeated step has no use for it, nor for its failure. */
  readonly challenge?: Challenge
  readonly approvals?: Promise<Approvals>
}

/** What Dfns lists is asked for first: where pending is among it nothing else matters, current included. */
async function askAsPending({ pending, means }: Registration): Promise<Asked> {
  const manager = await managerOf({ generation: pending, means })
  const { dfns, explain } = manager
  if (typeof pending.identity.authToken !== 'string') return askByLogin({ ...manager, pending })
  const challenge = early(dfns.createCredentialChallenge())
  const approvals = early(earlierApprovals({ document: manager.document, means }))
  const registered = await credentialsOf(dfns, pending).catch(explain)
  return { isRegistered: registered.length > 0, challenge, approvals }
}

/** A key that Dfns does not know cannot log in. */
async function askByLogin(as: Manager & { pending: KeyDocument }): Promise<Asked> {
  try {
    return { isRegistered: (await credentialsOf(as.dfns, as.pending).catch(as.explain)).length > 0 }
  } catch (error) {
    if (isCode(error, 'ERR_VERIFY')) return { isRegistered: false }
    throw error
  }
}

interface Creation {
  readonly pending: KeyDocument
  readonly lineage: Lineage
  readonly means: Means
  readonly manager: Manager
  readonly approvals: Promise<Approvals>
  readonly opened: { readonly challenge: string; readonly challengeIdentifier: string }
}

async function create(creation: Creation): Promise<void> {
  const { pending, lineage, means, manager, opened, approvals } = creation
  const { challenge, challengeIdentifier } = opened
  const info = attest({ challenge, credId: pending.id, key: pending.identity.key })
  const request = { name: credentialNameOf(lineage), challengeIdentifier, info }
  await asking({
    what: `the registration of credential ${pending.id}`,
    on: pending.on,
    about: [`"${pending.id}"`],
    asker: { document: manager.document, means },
    approvals,
    call: () => manager.dfns.createCredential(request, assertUnknown(pending)),
  })
}

/** One more look, for nothing: a list may lag, and where ids are not unique a second Create makes a twin. */
function assertUnknown({ id, on }: KeyDocument): (challenge: UserActionChallenge) => void {
  return ({ allowCredentials }) => {
    if (!allowCredentials.key.some((allowed) => allowed.id === id)) return
    throw new RotationError('ERR_DFNS_RESPONSE', `${on}: it may sign, but is not in the list`, {
      retryable: true,
    })
  }
}

async function isRegistered({ dfns, pending, means }: { dfns: Dfns; pending: KeyDocument; means: Means }) {
  const look = async () => ((await credentialsOf(dfns, pending)).length > 0 ? true : undefined)
  return (await settled(means.time, () => look().catch(() => undefined))) === true
}
