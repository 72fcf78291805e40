import { isCode } from '../errors.ts'
import type { Step } from './event.ts'
import { retireAtNextRotation, retireGeneration } from './grace.ts'
import { demand, draft, preflight } from './preflight.ts'
import { earlierPromotion, isDueAtOnce, promote } from './promotion.ts'
import type { Rotation } from './rotation.ts'

/** Stores the successor before Dfns hears of it, so that a lost reply can never lose a key. */
async function createSecret(rotation: Rotation): Promise<void> {
  const { store, log, lineage, rotationToken } = rotation
  if (await rotation.hasPending()) return log.info('AWSPENDING has a value already, which is kept')
  const current = await rotation.current()
  await retireAtNextRotation({ rotation, current })
  const drafted = await draft({ rotation, current })
  await demand({ rotation, current })
  const { document, discard } = await drafted.make()
  const text = JSON.stringify(document)
  const outcome = await store.putSecretValue({ token: lineage.token, text, rotationToken })
  if (outcome === 'stored') return log.info('successor stored as AWSPENDING')
  // Versions are immutable: if a concurrent invocation was first, its value is the successor.
  await discard()
  log.info('AWSPENDING was stored meanwhile, and is kept')
}

async function setSecret(rotation: Rotation): Promise<void> {
  const { document: pending, credential } = await rotation.pending()
  const current = async () => (await rotation.current()).document
  await credential.register({ current, pending, lineage: rotation.lineage })
  rotation.log.info('pending is registered at Dfns', { credId: pending.id })
}

async function testSecret(rotation: Rotation): Promise<void> {
  const [{ document: pending, credential }, current] = await Promise.all([
    rotation.pending(),
    rotation.current(),
  ])
  // A test rotation (RotateImmediately=false) is this step alone, on a copy of AWSCURRENT.
  const isTestRotation = pending.id === current.document.id
  await credential.verify({ generation: pending, as: current.document, fresh: !isTestRotation })
  rotation.log.info('pending is accepted by Dfns', { credId: pending.id })
  if (isTestRotation) await preflight({ rotation, current })
}

/** Once AWSCURRENT has moved, the rotation is over for Secrets Manager: a retry may come, or may not. */
async function finishSecret(rotation: Rotation): Promise<void> {
  const { promoted, superseded } =
    rotation.standing === 'promoted' ? await earlierPromotion(rotation) : await promote(rotation)
  if (superseded === undefined || !(await isDueAtOnce({ rotation, superseded }))) return
  await retireGeneration({ rotation, current: promoted, superseded }).catch((error: unknown) => {
    if (!isCode(error, 'ERR_PREVIOUS_IN_GRACE')) throw error
    rotation.log.info('what is superseded has to wait, and is retired later', { reason: error.message })
  })
}

const phases = { createSecret, setSecret, testSecret, finishSecret }

/** Runs one step. For a version that is AWSCURRENT already, only what finishSecret may have left undone. */
export async function runPhase({ step, rotation }: { step: Step; rotation: Rotation }): Promise<void> {
  if (rotation.standing === 'promoted' && step !== 'finishSecret') {
    return rotation.log.info('this version is AWSCURRENT already, nothing is left to do')
  }
  await phases[step](rotation)
}
