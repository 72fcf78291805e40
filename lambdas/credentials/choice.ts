import type { Means, Probe, Strategy } from './credential.ts'
import type { KeyDocument } from './document.ts'
import { strategyOf } from './manager.ts'
import { probeSelf, questions } from './probe.ts'

interface Asked {
  readonly current: KeyDocument
  readonly means: Means
  readonly isTokenExpiring?: boolean | undefined
}

/** Who signs, and the answers that were heard on the way there. */
export interface Choice {
  readonly strategy: Strategy
  readonly why: string
  readonly probes?: readonly Probe[]
}

/**
 * Whether Dfns need not be asked: the tag says it, or its token ends too soon for another rotation and there
 * is somebody who can make a new one. A personal access token is replaced by its tag alone.
 */
export function isSurelyReplaced({ current, means, isTokenExpiring }: Asked): boolean {
  if (means.strategy === 'replace') return true
  return isTokenExpiring === true && mayBeReplaced({ current, means })
}

/**
 * Decided once, in createSecret, before anything is made, by calls without effect. No later phase asks for
 * it: the pending document says it.
 */
export async function chooseStrategy(asked: Asked): Promise<Choice> {
  const { current, means } = asked
  if (isSurelyReplaced(asked)) {
    const why = means.strategy === 'replace' ? 'the tag says so' : 'its token ends too soon'
    return { strategy: 'replace', why }
  }
  if (!mayBeReplaced(asked)) {
    return { strategy: await strategyOf({ generation: current, means }), why: '' }
  }
  return means.once(`choice ${JSON.stringify(current.identity.authToken)}`, async () => {
    const probes = await probeSelf({ current, means })
    if (!probes.some(isRefusal)) return { strategy: 'self', why: '', probes }
    return { strategy: 'replace', why: 'Dfns does not let it register its own key' }
  })
}

const mayBeReplaced = ({ current, means }: Asked): boolean =>
  means.strategy === 'auto' && current.kind === 'ServiceAccountKey' && current.signerArn !== undefined

// Not what is asked of AWSCURRENT itself: a wrong credId is no reason for a new identity.
const asksForLeave: readonly string[] = [questions.create, questions.list, questions.sign]

function isRefusal({ question, failure }: Probe): boolean {
  const isNo = failure?.code === 'ERR_NOT_ALLOWED' || failure?.code === 'ERR_CANNOT_RETIRE'
  return isNo && asksForLeave.includes(question)
}
