import { generationIn } from '../../lambdas/credentials/document.ts'
import { abandon as giveUp } from '../../lambdas/operations/abandon.ts'
import type { Operation } from '../../lambdas/operations/operation.ts'
import { holderOf, pendingVersion } from '../../lambdas/rotation/labels.ts'
import { type Command, oneSecret, type Outcome, outcome } from '../command.ts'
import type { Given } from '../options.ts'
import type { Context } from '../context.ts'
import { exitCodes } from '../exit-codes.ts'
import { refusal } from '../failure.ts'
import { named } from '../rotate/change.ts'
import { completing, openOn, versionWanted } from '../way-back/on-secret.ts'

export const abandon: Command = {
  name: 'abandon',
  summary: 'Gives up a rotation that cannot go on',
  operands: oneSecret,
  options: {
    version: { value: 'VERSION', says: 'the version of the rotation: the one with AWSPENDING unless said' },
  },
  about: [
    'AWSPENDING is taken from the version, and what the rotation registered or made at Dfns is ' +
      'deactivated. AWSCURRENT stays as it is. Repeated with the same --version it completes what ' +
      'an earlier run left undone.',
  ],
  examples: ['abandon prod/dfns/payments'],
  run,
}

async function run(context: Context, given: Given): Promise<Outcome> {
  const { name, secret, open, operation, steps } = await openOn(context, given)
  const versionId = given.text('version') ?? pendingVersion(secret)
  if (versionId === undefined) {
    const problem = `no rotation of ${name} is under way: AWSPENDING is on no version of its own`
    throw await versionWanted({ context, secret, problem, option: '--version' })
  }
  if (holderOf(secret, 'AWSCURRENT') === versionId)
    throw refusal(
      `version ${versionId} is AWSCURRENT: that rotation is complete. npx dfns-rotator rollback ${name}`,
    )
  await announce({ context, name, operation, versionId })
  await context.confirm(`Give the rotation of ${name} up?`)
  const again = `abandon ${name} --version ${versionId}`
  await completing({ context, again, act: async () => giveUp({ ...(await open()), versionId }) })
  const result = { secretArn: secret.arn, versionId, current: named(operation.current), steps }
  const isWaiting = steps.some(({ event }) => event === 'retirement is postponed')
  return outcome({
    result,
    exitCode: isWaiting ? exitCodes.found : exitCodes.done,
    text: (_, look) => {
      const head = look.paint('bold', `The rotation of ${name} is given up.`)
      const rest = isWaiting ? '\n  What it made has to wait; a schedule deactivates it.' : ''
      return `${head} To rotate anew: npx dfns-rotator rotate ${name}${rest}`
    },
  })
}

async function announce(of: {
  context: Context
  name: string
  operation: Operation
  versionId: string
}): Promise<void> {
  const { context, name, operation, versionId } = of
  const pending = await generationIn(operation.inside.version(versionId))
  context.progress(`The rotation of ${name} is given up:`)
  context.progress(`  AWSPENDING is taken from version ${versionId}`)
  context.progress(
    pending === undefined
      ? '  what it made at Dfns, if anything, is deactivated'
      : `  ${pending.document.id} is deactivated at Dfns, if it was made known there`,
  )
  context.progress(`AWSCURRENT stays on version ${operation.current.version.versionId}.`)
}
