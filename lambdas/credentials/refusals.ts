import { isCode, RotationError } from '../errors.ts'
import { DfnsFailure } from '../ports/dfns-transport.ts'
import type { Means } from './credential.ts'
import type { KeyDocument } from './document.ts'
import { explainSigning, listing } from './proof.ts'

/**
 * What a failure of Dfns means for a generation, and names it. A refusal of this identity here is told apart
 * from a token that nothing accepts by a call that every identity may make.
 */
export async function meaningOf(failure: {
  error: unknown
  generation: KeyDocument
  means: Means
}): Promise<unknown> {
  const { error, generation, means } = failure
  const meaning = explainSigning({ error, generation })
  if (meaning !== error || !(error instanceof DfnsFailure)) return meaning
  const dead = error.isRefusal ? await deadToken({ generation, means }) : undefined
  if (dead !== undefined) return dead
  return new RotationError(error.code, `${generation.on}: ${error.message}`, { retryable: error.retryable })
}

/** For `catch`: throws what a failure means. */
export function explaining(by: {
  generation: KeyDocument
  means: Means
}): (error: unknown) => Promise<never> {
  return async (error) => {
    throw await meaningOf({ error, ...by })
  }
}

async function deadToken(of: { generation: KeyDocument; means: Means }): Promise<RotationError | undefined> {
  const { generation, means } = of
  try {
    await means.dfnsAs(generation.identity).createUserActionChallenge(listing)
    return undefined
  } catch (error) {
    const meaning = explainSigning({ error, generation })
    return isCode(meaning, 'ERR_TOKEN_EXPIRED') ? meaning : undefined
  }
}
