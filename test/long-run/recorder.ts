import { createHash } from 'node:crypto'
import type { InvocationResult } from '../../sandbox/lambda/invocation.ts'
import type { SimulatedCall, Simulation } from '../simulation/world.ts'

/** Hashes all that happens, and tells it of one secret. */
export interface Recorder {
  readonly story: readonly string[]
  readonly tell: (arn: string, line: string) => void
  call(call: SimulatedCall, fault: string | undefined): void
  ended(ending: { invocation: SimulatedCall['invocation']; result: InvocationResult }): void
  digest(): string
}

/** `storyOf` is the beginning of a name; without one nothing is told. */
export function recorderOf(parts: { world: Simulation; storyOf: string | undefined }): Recorder {
  const { world, storyOf } = parts
  const hash = createHash('sha256')
  const story: string[] = []
  const tell = (arn: string, line: string) => {
    if (storyOf === undefined || !arn.includes(`:secret:${storyOf}`)) return
    const name = arn.replace(/^.*:secret:/, '').slice(0, 'prod/00'.length)
    story.push(`${new Date(world.clock.now()).toISOString().slice(0, 19)} ${name} ${line}`)
  }
  // Another world of the same process has another origin.
  const note = (line: string) => void hash.update(`${line.replaceAll(world.origin, '')}\n`)
  return {
    story,
    tell,
    call: ({ request, invocation }, fault) => {
      const { operation, path, body } = request
      const { number, phase, secretArn } = invocation
      note(`${world.clock.now()} ${number} ${operation} ${path} ${fault ?? ''} ${body}`)
      tell(secretArn, `  #${number} ${phase}: ${operation}${fault === undefined ? '' : ` — ${fault}`}`)
    },
    ended: ({ invocation, result }) => {
      const { number, phase, secretArn } = invocation
      const text = result.ok ? 'done' : `${result.errorType} ${result.errorMessage}`
      note(`${number} ${phase} ${text}`)
      tell(secretArn, `#${number} ${phase}: ${text}`)
    },
    digest: () => hash.digest('hex'),
  }
}
