import { decommission as letGo } from '../../lambdas/operations/decommission.ts'
import { standingReminders } from '../../lambdas/rotation/reminders.ts'
import { type Command, oneSecret, type Outcome, outcome } from '../command.ts'
import type { Given } from '../options.ts'
import type { Context } from '../context.ts'
import { named } from '../rotate/change.ts'
import { completing, openOn } from '../way-back/on-secret.ts'

export const decommission: Command = {
  name: 'decommission',
  summary: 'Lets a secret go: its rotation ends, and every superseded generation with it',
  operands: oneSecret,
  options: {},
  about: [
    'Rotation is turned off, a rotation under way is given up, every superseded generation is ' +
      'deactivated now, and the tags dfns-rotator:… are taken away. AWSCURRENT stays, and works; ' +
      'nobody rotates it any more. Repeated it completes what an earlier run left undone.',
  ],
  examples: ['decommission prod/dfns/payments'],
  run,
}

async function run(context: Context, given: Given): Promise<Outcome> {
  const { name, secret, open, operation, steps } = await openOn(context, given)
  const reminders = await standingReminders(operation)
  context.progress(`${name} is let go:`)
  context.progress('  its rotation is turned off, and one that is under way is given up')
  for (const { event, at } of reminders)
    context.progress(`  version ${event.superseded} is retired now, and not at ${at?.toISOString() ?? '?'}`)
  if (reminders.length === 0) context.progress('  what is superseded and still active is retired now')
  context.progress('  its tags dfns-rotator:… are taken away')
  context.progress(`AWSCURRENT stays on version ${operation.current.version.versionId}, and works.`)
  await context.confirm(`Let ${name} go?`)
  const again = `decommission ${name}`
  const retired = await completing({ context, again, act: async () => letGo(await open()) })
  const result = { secretArn: secret.arn, current: named(operation.current), retired, steps }
  return outcome({
    result,
    text: (_, look) =>
      [
        `${look.paint('bold', `${name} is let go.`)} Nobody rotates it any more.`,
        ...retired.map((one) => `  version ${one.versionId}: ${one.outcome}`),
      ].join('\n'),
  })
}
