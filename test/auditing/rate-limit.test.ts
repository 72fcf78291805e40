import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager'
import { SSMClient } from '@aws-sdk/client-ssm'
import { expect, test } from 'vitest'
import { audit } from '../../lambdas/auditing/audit.ts'
import type { LogFields } from '../../lambdas/ports/log.ts'
import { paced } from '../../lambdas/ports/pace.ts'
import { guideWorld, type Scene } from '../../sandbox/scene.ts'
import { drivenBy } from '../support/driven.ts'
import { watchedScene } from '../support/scene.ts'

const second = 1_000
const minute = 60 * second
const count = 40

/** Accounts of one organisation, which allows so many requests a minute, each with its secret. */
async function fleet(rateLimit: number): Promise<Scene> {
  const policy = (dfnsUrl: string) => JSON.stringify({ allowedBaseUrls: [dfnsUrl] })
  const scene = await watchedScene({ policy, dfnsSwitches: { ...guideWorld, rateLimit } })
  const { orgId } = scene.dfns.createOrganisation()
  const Tags = [{ Key: 'dfns-rotator:grace', Value: 'PT1H' }]
  for (let index = 0; index < count; index++) {
    const { document } = scene.openAccount({ orgId, name: `account-${index}` })
    const secret = { Name: `secret-${index}`, SecretString: JSON.stringify(document), Tags }
    await scene.secretsManager('CreateSecret', { ...secret, ClientRequestToken: crypto.randomUUID() })
  }
  return scene
}

/** Audits in this process, by the scene's clock; returns the findings and when Dfns was asked. */
async function audited(scene: Scene) {
  const { sandbox, clock } = scene
  const credentials = { accessKeyId: 'sandbox', secretAccessKey: 'sandbox' }
  const config = { endpoint: sandbox.urls.aws, region: 'eu-west-1', credentials }
  const clients = { secretsManager: new SecretsManagerClient(config), ssm: new SSMClient(config) }
  const { time, run } = drivenBy(scene)
  const lines: (LogFields & { event: string })[] = []
  const log = (event: string, fields: LogFields = {}) => void lines.push({ event, ...fields })
  const asked: { at: number; status: number | undefined }[] = []
  const dispatch = sandbox.wire.dispatch.bind(sandbox.wire)
  const began = clock.now()
  sandbox.wire.dispatch = async (request) => {
    const at = clock.now() - began
    const reply = await dispatch(request)
    if (request.service === 'dfns') asked.push({ at, status: reply === 'broken' ? undefined : reply.status })
    return reply
  }
  const opening = { policyName: '/dfns-rotator/policy', schedules: undefined, group: undefined }
  const named = { continuations: undefined, rotateArn: scene.functionArn, counts: { add: () => {} } }
  const opened = { event: {}, clients, ...opening, ...named, log: { info: log, warn: log, error: log } }
  await run(audit({ ...opened, time: paced({ time, perMinute: 600 }) }))
  const types = lines.flatMap(({ event, type }) => (event === 'finding' ? [type] : []))
  return { types, done: lines.at(-1), asked: asked.toSorted((one, other) => one.at - other.at) }
}

const most = (asked: readonly { at: number }[]) =>
  Math.max(...asked.map(({ at: from }) => asked.filter(({ at }) => at >= from && at < from + minute).length))

const complete = { event: 'audit done', secrets: count, of: count, isComplete: true }

test('where Dfns allows 100 requests a minute, an audit makes 60, is never refused, and sees everything', async () => {
  const scene = await fleet(100)
  const { types, done, asked } = await audited(scene)
  expect(types).toEqual(Array(count).fill('rotation-cancelled'))
  expect(done).toMatchObject(complete)
  expect(asked.filter(({ status }) => status !== 200)).toEqual([])
  expect(asked).toHaveLength(3 * count)
  expect(most(asked)).toBeLessThanOrEqual(60)
  // Two minutes' worth: it waits no longer than it has to.
  expect(asked.at(-1)?.at).toBeLessThan(2 * minute)
})

test('where others of the organisation use its limit up, it asks nothing until Dfns says, and sees everything', async () => {
  const scene = await fleet(1_000)
  const from = scene.clock.now()
  const until = from + 40 * second
  scene.sandbox.wire.plan = ({ service, operation }) => {
    if (service !== 'dfns' || operation !== 'POST /auth/action' || scene.clock.now() >= until)
      return undefined
    const left = Math.ceil((until - scene.clock.now()) / second)
    return { reply: { status: 429, headers: { 'retry-after': String(left) }, body: '{}' } }
  }
  const { types, done, asked } = await audited(scene)
  expect(types).toEqual(Array(count).fill('rotation-cancelled'))
  expect(done).toMatchObject(complete)
  const refused = asked.filter(({ status }) => status === 429)
  expect(refused.length).toBeGreaterThan(0)
  expect(refused.length).toBeLessThanOrEqual(8)
  expect(asked.filter(({ at }) => at > 0 && at < 40 * second)).toEqual([])
})
