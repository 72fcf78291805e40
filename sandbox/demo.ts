import { parseArgs } from 'node:util'
import { meetARefusal, openStage, rotateOnce, rotateThroughALoss } from './demo/acts.ts'
import { rotateEveryKind } from './demo/every-kind.ts'
import { createScreen, type Screen } from './demo/screen.ts'
import { type Kind, kinds } from './demo/subjects.ts'

// Everything runs on this machine's loopback addresses: the function as it is deployed, in processes of its
// own, against the sandbox's Secrets Manager and Dfns. Exit code 0 only if all that is promised was seen.
await run(askedFor(process.argv.slice(2)))

type Asked = { readonly kind?: Kind } | { readonly mistake: string }

function askedFor(args: readonly string[]): Asked {
  const ways = `npm start shows everything; npm start -- --kind KIND shows one of ${kinds.join(', ')}.`
  try {
    const { values } = parseArgs({ args: [...args], options: { kind: { type: 'string' } } })
    if (values.kind === undefined) return {}
    const kind = kinds.find((one) => one === values.kind)
    return kind ? { kind } : { mistake: `There is no kind ${values.kind}: ${ways}` }
  } catch {
    return { mistake: `That is not understood: ${ways}` }
  }
}

async function run(asked: Asked): Promise<void> {
  if ('mistake' in asked) {
    console.error(asked.mistake)
    process.exitCode = 2
    return
  }
  const screen = createScreen(process.stdout)
  if (asked.kind === undefined) {
    await actsOfTheAccount(screen)
    await rotateEveryKind({ screen, title: '4  One of each kind' })
  } else {
    await rotateEveryKind({ screen, title: asked.kind, kind: asked.kind })
  }
  const seen = screen.allSeen()
  screen.title(
    seen
      ? 'All of it was seen. No AWS account, no network, no secret printed.'
      : 'Not all of it was seen: see above.',
  )
  process.exitCode = seen ? 0 : 1
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
