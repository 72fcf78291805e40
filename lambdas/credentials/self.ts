import { attest } from '../crypto/key-credential.ts'
import { credentialNameOf, type Lineage } from '../crypto/lineage.ts'
import { RotationError } from '../errors.ts'
import { DfnsFailure } from '../ports/dfns-transport.ts'
import { settled } from '../ports/time.ts'
import type { Deactivation, Means } from './credential.ts'
import type { KeyDocument } from './document.ts'
import { credentialsOf, explainSigning, prove } from './proof.ts'
import { assertFollows } from './succession.ts'

/**
 * Strategy `self`: the identity registers and deactivates its own keys, with its own token (Dfns, "Rotate
 * credentials").
 */
export async function registerBySelf(rotation: {
  current: () => Promise<KeyDocument>
  pending: KeyDocument
  lineage: Lineage
  means: Means
}): Promise<void> {
  const { pending, means } = rotation
  const dfns = means.dfnsAs(pending.identity)
  const challenge = dfns.createCredentialChallenge()
  challenge.catch(() => {}) // A repeated step has no use for it, nor for its failure.
  const registered = await credentialsOf(dfns, pending).catch((error: unknown) => {
    throw explained({ error, generation: pending })
  })
  if (registered.length > 0) return prove({ generation: pending, fresh: true, means })

  const current = await rotation.current()
  assertFollows({ current, pending })
  const { challenge: bytes, challengeIdentifier } = await challenge.catch((error: unknown) => {
    throw explained({ error, generation: current })
  })
  const info = attest({ challenge: bytes, credId: pending.id, key: pending.identity.key })
  const name = credentialNameOf(rotation.lineage)
  try {
    await means.dfnsAs(current.identity).createCredential({ name, challengeIdentifier, info })
  } catch (error) {
    if (!(await isRegisteredAfterAll({ pending, means }))) throw explained({ error, generation: current })
  }
}

/**
 * A reply can be lost, and a concurrent invocation can be first: before a failure is believed, Dfns is looked
 * at again.
 */
async function isRegisteredAfterAll({
  pending,
  means,
}: {
  pending: KeyDocument
  means: Means
}): Promise<boolean> {
  const dfns = means.dfnsAs(pending.identity)
  const look = async () => ((await credentialsOf(dfns, pending)).length > 0 ? true : undefined)
  return (await settled(means.time, () => look().catch(() => undefined))) === true
}

/** Deactivates every credential under the superseded id, signed by the current key. None is ever deleted. */
export async function deactivateBySelf(rotation: {
  current: KeyDocument
  superseded: KeyDocument
  means: Means
}): Promise<Deactivation> {
  const { current, superseded, means } = rotation
  const dfns = means.dfnsAs(current.identity)
  const explain = (error: unknown): never => {
    throw explained({ error, generation: current })
  }
  const listed = await credentialsOf(dfns, superseded).catch(explain)
  for (const { credentialUuid, isActive } of listed) {
    if (isActive) await dfns.deactivateCredential(credentialUuid).catch(explain)
  }
  const credentialUuids = listed.map(({ credentialUuid }) => credentialUuid)
  const undo = async () => {
    for (const credentialUuid of credentialUuids) await dfns.activateCredential(credentialUuid).catch(explain)
  }
  return { credentialUuids, undo }
}

/** Names the generation in an error of Dfns; what createSecret was granted may have been taken away since. */
function explained({ error, generation }: { error: unknown; generation: KeyDocument }): unknown {
  const meaning = explainSigning({ error, generation })
  if (meaning !== error || !(error instanceof DfnsFailure)) return meaning
  return new RotationError(error.code, `${generation.on}: ${error.message}`, { retryable: error.retryable })
}
