import { rollback as rollBack } from '../../lambdas/operations/rollback.ts'
import { assertNoRotation, type Operation } from '../../lambdas/operations/operation.ts'
import { holderOf } from '../../lambdas/rotation/labels.ts'
import { type Command, oneSecret, type Outcome, outcome } from '../command.ts'
import type { Given } from '../options.ts'
import { type Context, operationOn } from '../context.ts'
import { refusal } from '../failure.ts'
import { changeSince, named } from '../rotate/change.ts'
import { changeLines } from '../rotate/report.ts'
import { completing, openOn, versionWanted } from '../way-back/on-secret.ts'

export const rollback: Command = {
  name: 'rollback',
  summary: 'Makes an earlier version of a secret AWSCURRENT again',
  operands: oneSecret,
  options: {
    to: { value: 'VERSION', says: 'the version to go back to: the one with AWSPREVIOUS unless said' },
  },
  about: [
    'The key of the earlier version is proved at Dfns first, and activated again where it was ' +
      'retired. What AWSCURRENT leaves keeps working until the end of a grace of its own. Repeated ' +
      'with the same --to it completes what an earlier run left undone.',
  ],
  examples: [
    'rollback prod/dfns/payments',
    'rollback prod/dfns/payments --to 788a77e7-8897-4ad9-bc0f-94ce4049c1e5',
  ],
  run,
}

async function run(context: Context, given: Given): Promise<Outcome> {
  const { name, secret, open, operation, steps } = await openOn(context, given)
  assertNoRotation(secret)
  const to = given.text('to') ?? holderOf(secret, 'AWSPREVIOUS')
  if (to === undefined) {
    const problem = `no version of ${name} has AWSPREVIOUS: there is nothing that it obviously goes back to`
    throw await versionWanted({ context, secret, problem, option: '--to' })
  }
  const { current } = operation
  const isThere = current.version.versionId === to
  const old = isThere ? current : await operation.inside.version(to)
  if (old === undefined) throw refusal(`version ${to} of ${name} has no value, so nothing can go back to it`)
  if (!isThere) announce({ context, name, from: named(current), to: named(old), operation })
  await context.confirm(`Roll ${name} back?`)
  const again = `rollback ${name} --to ${to}`
  await completing({ context, again, act: async () => rollBack({ ...(await open()), to }) })
  const change = isThere
    ? undefined
    : await changeSince({ opening: await operationOn(context, secret.arn), before: current })
  const result = { secretArn: secret.arn, current: named(old), change, steps }
  return outcome({
    result,
    text: (_, look) => {
      const head = look.paint('bold', `${name} is rolled back.`)
      return [head, ...(change === undefined ? [] : changeLines({ change, look }))].join('\n')
    },
  })
}

function announce(of: {
  context: Context
  name: string
  from: { versionId: string; id: string }
  to: { versionId: string; id: string }
  operation: Operation
}): void {
  const { context, name, from, to, operation } = of
  context.progress(`AWSCURRENT of ${name} goes back:`)
  context.progress(`  from version ${from.versionId}, ${from.id}`)
  context.progress(`  to version   ${to.versionId}, ${to.id}`)
  context.progress(`What it goes back from ${fate(operation)}.`)
}

function fate({ schedules, inside }: Operation): string {
  if (schedules !== undefined) return 'is retired at the end of its grace'
  if (inside.policy.retireAtNextRotation) return 'is retired when the next rotation begins'
  return 'stays active: there is no scheduler that ends its grace'
}
