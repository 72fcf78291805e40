import { inspect } from 'node:util'
import middy from '@middy/core'
import type { Context } from 'aws-lambda'
import { describe, expect, test } from 'vitest'
import { rotatingSecrets, type SecretsContext } from '../../client/middy.ts'
import { rotatingSecret } from '../../client/rotating-secret.ts'
import { documentOf, generation, source } from './source.ts'

const refusal = Object.assign(new Error('Unauthorized'), {
  httpStatus: 401,
  context: { url: 'https://api.dfns.io/auth/action' },
})

function secrets() {
  const store = source({ AWSCURRENT: generation('one') })
  const hook = source({ AWSCURRENT: { versionId: 'h', text: documentOf('WebhookSecret') } })
  const named = {
    payments: rotatingSecret('prod/dfns', { kind: 'ServiceAccountKey', fetchSecret: store.fetchSecret }),
    hook: rotatingSecret('prod/hook', { kind: 'WebhookSecret', fetchSecret: hook.fetchSecret }),
  }
  return { store, hook, named }
}

const context = () => ({ awsRequestId: 'r-1', functionName: 'f' }) as Context

describe('the middleware of middy', () => {
  test('gives each handler the present documents, by name and typed, read once', async () => {
    const { store, hook, named } = secrets()
    const handler = middy()
      .use(rotatingSecrets(named))
      .handler(async (_event: unknown, { secrets: found }: Context & SecretsContext<typeof named>) => {
        const { authToken }: { authToken: string } = found.payments.active
        return [authToken, found.payments.active.credId, found.hook.active.webhookId]
      })
    for (let invocation = 0; invocation < 3; invocation++) {
      expect(await handler({}, context() as never)).toEqual(['a.b.c', 'one', 'wh-12345'])
    }
    expect([store.requests.length, hook.requests.length]).toEqual([1, 1])
  })

  test('also puts them where other middlewares find them', async () => {
    const { named } = secrets()
    let found: unknown
    const handler = middy(async () => 'done')
      .use(rotatingSecrets(named))
      .before(({ internal }) => {
        found = (internal as { payments: { active: { credId: string } } }).payments.active.credId
      })
    await handler({}, context() as never)
    expect(found).toBe('one')
  })

  test('shows no value to a logger that takes the context whole', async () => {
    const { named } = secrets()
    const printed: string[] = []
    const handler = middy(async (_event: unknown, given: Context) => {
      printed.push(JSON.stringify(given), inspect(given, { depth: 9 }), JSON.stringify({ ...given }))
      printed.push(inspect((given as Context & SecretsContext<typeof named>).secrets.payments, { depth: 9 }))
    }).use(rotatingSecrets(named))
    await handler({}, context() as never)
    expect(printed.join()).not.toMatch(/BEGIN|a\.b\.c|whs-/)
    expect(printed.slice(0, 3).join()).not.toContain('secrets')
    expect(printed).toHaveLength(4)
  })

  test('reads the secrets anew when the handler ends with a refusal of Dfns', async () => {
    const { store, named } = secrets()
    const seen: unknown[] = []
    const handler = middy(async (_event: unknown, given: Context) => {
      seen.push((given as Context & SecretsContext<typeof named>).secrets.payments.active.credId)
      if (seen.length === 1) throw refusal
    }).use(rotatingSecrets(named))
    store.labels.AWSCURRENT = generation('one')
    await handler({}, context() as never).catch(() => {
      store.labels.AWSCURRENT = generation('never')
    })
    expect(store.requests.map(({ refresh }) => refresh)).toEqual([false, true])
    await handler({}, context() as never)
    expect(seen).toEqual(['one', 'one'])
  })

  test('leaves them where they are when the handler ends with anything else', async () => {
    const { store, named } = secrets()
    const handler = middy(async () => {
      throw new Error('of the handler')
    }).use(rotatingSecrets(named))
    await expect(handler({}, context() as never)).rejects.toThrow('of the handler')
    expect(store.requests).toHaveLength(1)
  })

  test('ends the invocation where a secret cannot be had', async () => {
    const { store, named } = secrets()
    store.failure = new Error('down')
    const handler = middy(async () => 'never').use(rotatingSecrets(named))
    await expect(handler({}, context() as never)).rejects.toMatchObject({ code: 'ERR_STORE' })
  })
})
