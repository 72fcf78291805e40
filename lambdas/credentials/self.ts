import { attest } from '../crypto/key-credential.ts'
import { credentialNameOf, type Lineage } from '../crypto/lineage.ts'
import { RotationError } from '../errors.ts'
import type { Dfns, UserActionChallenge } from '../ports/dfns.ts'
import { settled } from '../ports/time.ts'
import type { Means } from './credential.ts'
import type { KeyDocument } from './document.ts'
import { credentialsOf, prove } from './proof.ts'
import { explaining } from './refusals.ts'
import { assertFollows } from './succession.ts'

interface Registration {
  readonly current: () => Promise<KeyDocument>
  readonly pending: KeyDocument
  readonly lineage: Lineage
  readonly means: Means
}

/**
 * Strategy `self`: the identity registers and deactivates its own keys, with its own token (Dfns, "Rotate
 * credentials").
 */
export async function registerBySelf(registration: Registration): Promise<void> {
  const { pending, means } = registration
  const dfns = means.dfnsAs(pending.identity)
  const challenge = dfns.createCredentialChallenge()
  challenge.catch(() => {}) // A repeated step has no use for it, nor for its failure.
  const registered = await credentialsOf(dfns, pending).catch(explaining({ generation: pending, means }))
  if (registered.length > 0) return prove({ generation: pending, fresh: true, means })
  const current = await registration.current()
  assertFollows({ current, pending })
  const explain = explaining({ generation: current, means })
  const opened = await challenge.catch(explain)
  await create({ ...registration, current, opened }).catch(async (error: unknown) => {
    // A reply can be lost, and a concurrent invocation be first: look before a failure is believed.
    if (!(await isRegistered({ dfns, pending, means }))) await explain(error)
    await prove({ generation: pending, fresh: true, means })
  })
}

interface Creation {
  readonly current: KeyDocument
  readonly pending: KeyDocument
  readonly lineage: Lineage
  readonly means: Means
  readonly opened: { readonly challenge: string; readonly challengeIdentifier: string }
}

async function create({ current, pending, lineage, means, opened }: Creation): Promise<void> {
  const { challenge, challengeIdentifier } = opened
  const info = attest({ challenge, credId: pending.id, key: pending.identity.key })
  const request = { name: credentialNameOf(lineage), challengeIdentifier, info }
  await means.dfnsAs(current.identity).createCredential(request, assertUnknown(pending))
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
