import { showDemo } from '../../sandbox/demo/show.ts'
import { kinds } from '../../sandbox/demo/subjects.ts'
import { type Command, noOperands, type Outcome } from '../command.ts'
import type { Given } from '../options.ts'
import type { Context } from '../context.ts'
import { exitCodes } from '../exit-codes.ts'
import { assertRunsFunctions } from '../node-24.ts'

export const demo: Command = {
  name: 'demo',
  summary: 'Shows rotations from beginning to end, in a sandbox of its own',
  operands: noOperands,
  options: { kind: { value: 'KIND', says: 'one kind of credential alone', oneOf: kinds } },
  about: [
    'No AWS account, no network: the functions as they are deployed rotate one secret of each ' +
      'kind, and the end of each grace is seen. Exit code 0 only if all that is promised was seen. ' +
      'It takes about a minute, and needs Node.js 24, as the functions do.',
  ],
  examples: ['demo', 'demo --kind WebhookSecret'],
  isLocal: true,
  run,
}

async function run(context: Context, given: Given): Promise<Outcome> {
  assertRunsFunctions('demo')
  const { stdout, stderr } = context.process
  const kind = kinds.find((one) => one === given.text('kind'))
  const seen = await showDemo({
    output: context.isJson ? stderr : stdout,
    ...(kind !== undefined && { kind }),
  })
  return { result: { seen }, text: () => '', exitCode: seen ? exitCodes.done : exitCodes.found }
}
