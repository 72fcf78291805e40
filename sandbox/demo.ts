import { parseArgs } from 'node:util'
import { showDemo } from './demo/show.ts'
import { type Kind, kinds } from './demo/subjects.ts'

// Exit code 0 only if all that is promised was seen.
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
  process.exitCode = (await showDemo({ output: process.stdout, ...asked })) ? 0 : 1
}
