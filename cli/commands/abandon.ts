import { generationIn } from '../../lambdas/credentials/document.ts'
import { answer } from '../../lambdas/credentials/answer.ts'
import { isMarkOfRotation } from '../../lambdas/crypto/lineage.ts'
import { isCode } from '../../lambdas/errors.ts'
import { abandon as giveUp, abandonEmpty } from '../../lambdas/operations/abandon.ts'
import { lookAround, type Operation } from '../../lambdas/operations/operation.ts'
import { type DescribedSecret, secretStore } from '../../lambdas/ports/secrets-manager.ts'
import { holderOf, pendingVersion } from '../../lambdas/rotation/labels.ts'
import { type Command, oneSecret, type Outcome, outcome } from '../command.ts'
import type { Given } from '../options.ts'
import { type Context, describe } from '../context.ts'
import { exitCodes } from '../exit-codes.ts'
import { refusal } from '../failure.ts'
import type { Look } from '../output.ts'
import { named } from '../rotate/change.ts'
import { completing, type OnSecret, openOn, toldTo, versionWanted } from '../way-back/on-secret.ts'

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
  const opened = await answer(openOn(context, given))
  if ('value' in opened) return giveUpKnown({ context, given, on: opened.value })
  const { error } = opened
  if (!isCode(error, 'ERR_DOCUMENT')) throw error
  return giveUpEmpty({ context, given, error })
}

/** A rotation that began before anybody adopted the secret stores nothing, and keeps `adopt` from it. */
async function giveUpEmpty(of: { context: Context; given: Given; error: Error }): Promise<Outcome> {
  const { context, given, error } = of
  const [name = ''] = given.operands
  const secret = await describe(context, name)
  const versionId = given.text('version') ?? pendingVersion(secret)
  if (versionId === undefined || !isPending({ secret, versionId })) throw error
  const { clients, time, log } = context
  const store = secretStore({ client: clients.secretsManager, secretId: secret.arn, time })
  if ((await store.getSecretValue({ versionId })) !== undefined) throw error
  context.progress(`AWSPENDING is taken from version ${versionId} of ${name}, which has no value.`)
  await context.confirm(`Give the rotation of ${name} up?`)
  const { open, steps } = toldTo({ context, secretArn: secret.arn, log })
  await abandonEmpty({ ...(await open()), versionId })
  const result = { secretArn: secret.arn, versionId, current: null, steps }
  return outcome({
    result,
    text: (_, look) => `${givenUp({ name, look })} Next: npx dfns-rotator adopt ${name}`,
  })
}

const givenUp = ({ name, look }: { name: string; look: Look }): string =>
  look.paint('bold', `The rotation of ${name} is given up.`)

const isPending = ({ secret, versionId }: { secret: DescribedSecret; versionId: string }): boolean =>
  secret.stages.get(versionId)?.includes('AWSPENDING') === true

async function giveUpKnown(of: { context: Context; given: Given; on: OnSecret }): Promise<Outcome> {
  const { context, given } = of
  const { name, secret, open, operation, steps } = of.on
  const versionId = given.text('version') ?? pendingVersion(secret)
  if (versionId === undefined) {
    const problem = `no rotation of ${name} is under way: AWSPENDING is on no version of its own`
    throw await versionWanted({ context, secret, problem, option: '--version' })
  }
  if (holderOf(secret, 'AWSCURRENT') === versionId)
    throw refusal(
      `version ${versionId} is AWSCURRENT: that rotation is complete. npx dfns-rotator rollback ${name}`,
    )
  const pending = pendingVersion(secret)
  if (pending !== undefined && pending !== versionId)
    throw refusal(`the rotation of ${name} that is under way is that of version ${pending}`)
  await assertThere({ context, operation, versionId })
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
      const head = givenUp({ name, look })
      const rest = isWaiting ? '\n  What it made has to wait; a schedule deactivates it.' : ''
      return `${head} To rotate anew: npx dfns-rotator rotate ${name}${rest}`
    },
  })
}

/** A version that Secrets Manager knows, or that left something at Dfns: another one is a slip of the pen. */
async function assertThere(of: { context: Context; operation: Operation; versionId: string }): Promise<void> {
  const { context, operation, versionId } = of
  const { secretArn, secrets, secret } = operation
  // One without a value need not be in the list.
  if (secret.stages.has(versionId)) return
  const versions = await secrets.listSecretVersionIds(secretArn)
  if (versions.some((version) => version.versionId === versionId)) return
  const { found } = await lookAround(operation)
  if (found.some(({ lineage }) => isMarkOfRotation(lineage, { secretArn, token: versionId }))) return
  const problem = `no version ${versionId} of ${secretArn} is there, and Dfns has nothing of it`
  throw await versionWanted({ context, secret, problem, option: '--version' })
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
