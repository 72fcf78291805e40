import { expect, test } from 'vitest'
import { runWebhooks, type WebhookRun } from './webhook-run.ts'

const seeds = Array.from({ length: 100 }, (_, index) => index + 1)

// How Dfns is told of a new webhook before its secret can be stored is what most can go wrong with.
test('rotations of a webhook that go wrong around Create Webhook lose no event and leave no webhook', {
  timeout: 240_000,
}, async () => {
  const runs: WebhookRun[] = []
  const problems: string[] = []
  for (const seed of seeds) {
    const run = await runWebhooks({ seed })
    runs.push(run)
    problems.push(...run.problems.map((problem) => `seed ${seed}: ${problem}`))
  }
  const sum = (of: (run: WebhookRun) => number) => runs.reduce((total, run) => total + of(run), 0)
  const [rotations, calls] = [sum((run) => run.rotations), sum((run) => run.calls)]
  const [faults, deliveries] = [sum((run) => run.faults), sum((run) => run.deliveries)]
  console.log(
    `webhooks: ${runs.length} runs, ${rotations} rotations, ${calls} calls, ${faults} faults, ` +
      `${deliveries} deliveries`,
  )
  expect(problems).toEqual([])
  expect(rotations).toBe(3 * seeds.length)
})
