import { describe, expect, test } from 'vitest'
import { surveyOf } from '../../lambdas/credentials/surveys.ts'
import { markOf, marked } from '../../lambdas/crypto/lineage.ts'
import { errorOf } from './replacing.ts'
import { rotating, secretArn, tokenA, events, url } from './webhook-world.ts'

const lists = <T>(_: string, ask: () => Promise<T>) => ask()

async function open(operations?: readonly string[]) {
  const scene = await rotating(operations === undefined ? {} : { operations })
  return { ...scene, survey: () => surveyOf({ current: scene.current, means: scene.world.means, lists }) }
}

describe('a survey of webhooks', () => {
  test('has those that a rotation of this secret made, and finds AWSCURRENT, which a person made', async () => {
    const { dfns, orgId, first, current, survey } = await open()
    const description = (arn: string) =>
      marked({ text: 'x', with: markOf({ secretArn: arn, token: tokenA }), longest: 256 })
    const [own] = [secretArn, `${secretArn}2`].map((arn) =>
      dfns.createWebhook({ orgId, url, events, description: description(arn) }),
    )
    const all = await survey()
    expect(all).toMatchObject({ refusal: undefined, problems: [], made: [] })
    expect(all.found.map(({ id, noun, what }) => [id, noun, what])).toEqual([
      [own?.webhookId, 'webhook', { webhookId: own?.webhookId }],
    ])
    expect(all.find(current)?.id).toBe(first.webhookId)
  })

  test('is refused where AWSCURRENT is not there', async () => {
    const { dfns, first, survey } = await open()
    const webhook = dfns.state.webhooks.get(first.webhookId)
    if (webhook) webhook.isDeleted = true
    expect((await survey()).refusal?.code).toBe('ERR_VERIFY')
  })

  test('asks once more for an AWSCURRENT that a list has not yet', async () => {
    const { world, survey } = await open()
    const reply = { status: 200, body: '{"items":[]}' }
    world.wire.plan = ({ operation }) => (operation === 'GET /webhooks' ? { reply } : undefined)
    expect((await survey()).refusal).toBeUndefined()
  })

  test('by a signer that may not is a problem, and no refusal', async () => {
    const { survey } = await open(['Webhooks:Create'])
    const all = await survey()
    expect([all.refusal, all.found, all.problems.map(({ code }) => code)]).toEqual([
      undefined,
      [],
      ['ERR_SIGNER'],
    ])
  })

  test('is none while Dfns is away', async () => {
    const { world, survey } = await open()
    world.wire.plan = ({ operation }) =>
      operation === 'GET /webhooks' ? { reply: { status: 503, body: '' } } : undefined
    expect((await errorOf(survey())).code).toBe('ERR_DFNS_UNAVAILABLE')
  })
})
