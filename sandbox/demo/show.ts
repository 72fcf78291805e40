import { meetARefusal, openStage, rotateOnce, rotateThroughALoss } from './acts.ts'
import { rotateEveryKind } from './every-kind.ts'
import { createScreen, type Output, type Screen } from './screen.ts'
import type { Kind } from './subjects.ts'

/**
 * Everything runs on this machine's loopback addresses: the function as it is deployed, in processes of its
 * own, against the sandbox's Secrets Manager and Dfns. Resolves to whether all that is promised was seen.
 */
export async function showDemo({ output, kind }: { output: Output; kind?: Kind }): Promise<boolean> {
  const screen = createScreen(output)
  if (kind === undefined) {
    await actsOfTheAccount(screen)
    await rotateEveryKind({ screen, title: '4  One of each kind' })
  } else {
    await rotateEveryKind({ screen, title: kind, kind })
  }
  const seen = screen.allSeen()
  screen.title(
    seen
      ? 'All of it was seen. No AWS account, no network, no secret printed.'
      : 'Not all of it was seen: see above.',
  )
  return seen
}

async function actsOfTheAccount(screen: Screen): Promise<void> {
  const scene = await openStage(screen)
  try {
    const kept = await rotateOnce({ scene, screen })
    await rotateThroughALoss(kept)
    await meetARefusal({ scene, screen })
  } finally {
    await scene.sandbox.stop()
  }
}
