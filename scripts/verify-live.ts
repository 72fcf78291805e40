import { parseArgs } from 'node:util'
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager'
import { RotationError } from '../lambdas/errors.ts'
import { asking } from './verify-live/asking.ts'
import type { Experiment, Live, Seen } from './verify-live/experiment.ts'
import { CannotAsk, liveOf } from './verify-live/live.ts'
import { isKnown, lineOf } from './verify-live/report.ts'
import { askSecretsManager } from './verify-live/secrets-manager.ts'
import { writing } from './verify-live/writing.ts'

const usage = `Asks a live Dfns organisation, and AWS, what their documents leave open (docs/unknowns.md).

  npm run verify:live -- --secret ID [--write] [--allow-base-url URL]

  --secret ID            the secret that holds the document of a Key; AWS is reached as by the SDK
  --write                also makes a key, a webhook and a secret, and removes them again
  --allow-base-url URL   beside https://api.dfns.io and https://api.uae.dfns.io

It ends with 0 if the simulator knows every answer, with 1 if not, with 2 if nothing could be asked.`

type Outcome = Seen | { readonly why: string }

async function outcomesOf(experiment: Experiment, live: Live): Promise<readonly Outcome[]> {
  try {
    return await experiment.run(live)
  } catch (error) {
    // What a reply held, or a request, may stand in the message.
    return [{ why: `could not be asked: ${error instanceof Error ? error.name : 'failed'}` }]
  }
}

async function run(of: { secretId: string; writes: boolean; allowed: readonly string[] }): Promise<number> {
  const { secretId, writes, allowed } = of
  const client = new SecretsManagerClient()
  const live = await liveOf({ client, secretId, allowed })
  let news = 0
  const tell = (experiment: string, outcomes: readonly Outcome[]) => {
    for (const outcome of outcomes) console.log(lineOf({ experiment, outcome }))
    news += outcomes.filter((outcome) => 'seen' in outcome && !isKnown(outcome)).length
  }
  for (const experiment of writes ? [...asking, ...writing] : asking) {
    tell(experiment.name, await outcomesOf(experiment, live))
  }
  if (writes) tell('secrets-manager', await askSecretsManager(client))
  console.log(news === 0 ? '\nThe simulator knows every answer.' : `\n${news} not as assumed: please report.`)
  return news === 0 ? 0 : 1
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      secret: { type: 'string' },
      write: { type: 'boolean', default: false },
      'allow-base-url': { type: 'string', multiple: true, default: [] },
      help: { type: 'boolean', default: false },
    },
  })
  const { secret: secretId, write: writes, 'allow-base-url': allowed, help } = values
  if (help || secretId === undefined) {
    console.log(usage)
    return help ? 0 : 2
  }
  try {
    return await run({ secretId, writes, allowed })
  } catch (error) {
    const isOurs = error instanceof CannotAsk || error instanceof RotationError
    console.error(isOurs ? error.message : `Nothing was asked: ${error instanceof Error ? error.name : ''}`)
    return 2
  }
}

process.exitCode = await main()
