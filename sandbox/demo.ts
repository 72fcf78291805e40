import { meetARefusal, openStage, rotateOnce, rotateThroughALoss } from './demo/acts.ts'
import { createScreen } from './demo/screen.ts'

// Everything runs on this machine's loopback addresses: the function as it is deployed, in processes of its
// own, against the sandbox's Secrets Manager and Dfns. Exit code 0 only if all that is promised was seen.
const screen = createScreen(process.stdout)
const scene = await openStage(screen)
try {
  const kept = await rotateOnce({ scene, screen })
  await rotateThroughALoss(kept)
  await meetARefusal({ scene, screen })
} finally {
  await scene.sandbox.stop()
}
const seen = screen.allSeen()
screen.title(
  seen
    ? 'All of it was seen. No AWS account, no network, no secret printed.'
    : 'Not all of it was seen: see above.',
)
process.exitCode = seen ? 0 : 1
