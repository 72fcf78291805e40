import { randomUUID } from 'node:crypto'
import type { InvocationResult } from '../../sandbox/lambda/invocation.ts'
import type { Racer } from './interleaving.ts'
import { documentOf, held, operate, type Setting } from './setting.ts'

const codeOf = (result: InvocationResult) => (result.ok ? 'done' : result.errorType)

/** All four phases; what fails the engine tries again when the clock goes on. */
export const rotate: Racer = {
  name: 'rotate',
  phases: ['createSecret', 'setSecret', 'testSecret', 'finishSecret'],
  start: ({ world, arn }) => world.rotateNow(arn),
}

/** The schedule fires that is due next, a second from now: see `aSecondBefore`. */
export const retire: Racer = {
  name: 'retire',
  phases: ['retire'],
  async start({ world }) {
    const { items } = world.asyncInvocations.attempts
    const before = items.length
    await world.advance(1_000)
    const results = items.slice(before).map(({ result }) => codeOf(result))
    return results[0] ?? 'not invoked'
  },
}

/** Moves the clock to a second before the next schedule of the secret fires. */
export async function aSecondBefore(setting: Setting): Promise<void> {
  const { world, arn } = setting
  const own = world.scheduler.list().filter(({ settings }) => settings.Target.Input?.includes(arn))
  const times = own.map(({ settings }) => Date.parse(`${settings.ScheduleExpression.slice(3, -1)}Z`))
  await world.advance(Math.min(...times) - 1_000 - world.clock.now())
}

export const audit: Racer = {
  name: 'audit',
  phases: ['audit'],
  start: async ({ world }) => codeOf(await world.audit()),
}

/** Back to the version that is AWSPREVIOUS as the race is opened. */
export function rollbackTo(to: string): Racer {
  return { name: 'rollback', phases: ['rollback'], start: (setting) => operate(setting, 'rollback', { to }) }
}

/** Somebody puts the value that he sees, with an edit of his. */
export const put: Racer = {
  name: 'manual PutSecretValue',
  phases: [],
  async start(setting) {
    const { world, arn } = setting
    const document = { ...documentOf(setting, held(setting, 'AWSCURRENT')), note: 'changed' }
    const SecretString = JSON.stringify(document)
    await world.secretsManager('PutSecretValue', {
      SecretId: arn,
      ClientRequestToken: randomUUID(),
      SecretString,
    })
    return 'done'
  },
}

export const cancel: Racer = {
  name: 'CancelRotateSecret',
  phases: [],
  async start({ world, arn }) {
    await world.secretsManager('CancelRotateSecret', { SecretId: arn })
    return 'done'
  },
}
