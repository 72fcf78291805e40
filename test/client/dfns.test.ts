import { createRequire } from 'node:module'
import { DelegatedWebhooksClient } from '@dfns/sdk/generated/webhooks/delegatedClient.js'
import { WebhooksClient } from '@dfns/sdk/generated/webhooks/client.js'
import { transport } from 'cross-fetch'
import { describe, expect, test } from 'vitest'
import { dfnsClient, dfnsClientOf } from '../../client/dfns.ts'
import { signer } from '../../client/signer.ts'
import type { Fault } from '../../sandbox/wire.ts'
import { documentKinds, keyKinds, type KeyKind, stage, type Stage } from './stage.ts'

const timeout = 120_000

// What others install under the SDK. Its types are of the name that ours has here.
const require = createRequire(import.meta.url)
const { fetch: publishedFetch } = require('cross-fetch-published') as { fetch: typeof globalThis.fetch }
const minute = 60_000

async function applied(kind: KeyKind, options: Parameters<typeof stage>[1] = {}) {
  const staged = await stage(kind, options)
  const secret = staged.secretOf(documentKinds[kind])
  const dfns = dfnsClient(secret)
  const { webhookId } = staged
  let count = 0
  return {
    ...staged,
    secret,
    dfns,
    change: () => dfns.webhooks.updateWebhook({ webhookId, body: { description: `change ${++count}` } }),
    look: () => dfns.webhooks.getWebhook({ webhookId }),
    rotate: () => staged.scene.rotate(staged.kept.arn),
  }
}

const statusOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => 200,
    (error: unknown) =>
      error instanceof Error && 'httpStatus' in error
        ? error.httpStatus
        : error instanceof Error && 'code' in error
          ? error.code
          : String(error),
  )

/** The tokens and keys that signed the application's calls, each pair from one document. */
function expectOneGeneration({ scene, kept, webhookId }: Stage): void {
  const { dfns, sandbox } = scene
  const documents = [
    ...(sandbox.vault
      .list()
      .find(({ arn }) => arn === kept.arn)
      ?.versions.values() ?? []),
  ]
    .flatMap(({ value }) => (value && 'SecretString' in value ? [value.SecretString] : []))
    .map((text) => JSON.parse(text) as { credId: string; authToken?: string })
  const tokenIdIn = (token = '') =>
    token &&
    (JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as { jti: string }).jti
  const known = documents.map(({ credId, authToken }) => `${tokenIdIn(authToken)} ${credId}`)
  const used = dfns.effects().flatMap((effect) => {
    if (effect.kind !== 'user action spent' || effect.request?.path !== `/webhooks/${webhookId}`) return []
    if (effect.by === 'administrator') return []
    const { tokenId, credentialUuid } = effect.by
    const isSession = dfns.state.tokens.get(tokenId)?.kind === 'Token'
    return [`${isSession ? '' : tokenId} ${dfns.state.credentials.get(credentialUuid)?.credentialId}`]
  })
  expect(used.length).toBeGreaterThan(0)
  expect(used.filter((pair) => !known.includes(pair))).toEqual([])
}

const duringACall = ['POST /auth/action/init', 'POST /auth/action', 'PUT /webhooks/{webhookId}']

describe.each(keyKinds)('an application with a secret of the kind «%s»', (kind) => {
  test('does not notice rotations that leave no grace, before or amid its calls', { timeout }, async () => {
    const staged = await applied(kind, { switches: { rateLimit: 100_000 } })
    const { change, look, before, rotate, effects, readings, webhookId } = staged
    await Promise.all([change(), look(), change()])
    expect([effects(), readings()]).toEqual([2, 1])

    await rotate()
    // One reading, whoever was refused.
    const looks = await Promise.all(Array.from({ length: 50 }, look))
    expect([new Set(looks.map(({ id }) => id)).size, readings()]).toEqual([1, expect.toBeOneOf([1, 2])])
    await change()
    expect([effects(), readings()]).toEqual([3, 2])

    for (const operation of duringACall) {
      before(operation.replace('{webhookId}', webhookId), rotate)
      await change()
    }
    expect([effects(), readings()]).toEqual([6, 5])
    expectOneGeneration(staged)
  })
})

test('an option that is set to undefined leaves what the secret says', async () => {
  const { secret, webhookId } = await applied('account')
  // Whoever compiles without exactOptionalPropertyTypes may write so.
  const unset: object = { baseUrl: undefined, orgId: undefined }
  const asked: string[] = []
  const recorder: typeof fetch = async (input) => {
    asked.push(new Request(input).url)
    return Response.json({})
  }
  const dfns = dfnsClient(secret, unset)
  await transport.run(recorder, () => dfns.webhooks.getWebhook({ webhookId }))
  const { baseUrl } = (await secret.get()).active
  expect(asked).toEqual([`${baseUrl}/webhooks/${webhookId}`])
})

describe('a call that may have had an effect', () => {
  const reply = (status: number): Fault => ({ reply: { status, body: '{"error":{"message":"no"}}' } })
  const faults: readonly (readonly [string, Fault])[] = [
    ['its reply is lost', 'lost-after'],
    ['its request is lost', 'lost-before'],
    ['it is answered 500', reply(500)],
    ['it is answered 202', reply(202)],
    ['it is answered 404', reply(404)],
    ['it is answered 409', reply(409)],
    ['it is answered 429', 'throttled'],
    ['it is answered 403', 'refused'],
    ['it is answered 400', reply(400)],
  ]

  test('is made once, and the secret is not read, whatever becomes of it', async () => {
    const { change, scene, kept, effects, requests, readings, webhookId } = await applied('account', {
      grace: 'PT24H',
    })
    const { wire } = scene.sandbox
    await change()
    // A newer key is there, with which a repetition would succeed.
    await scene.rotate(kept.arn)
    for (const [name, fault] of faults) {
      const [before, asked] = [effects(), requests().length]
      wire.plan = ({ operation }) => (operation === `PUT /webhooks/${webhookId}` ? fault : undefined)
      expect([name, await statusOf(change())]).not.toEqual([name, 200])
      expect([name, effects() - before]).toEqual([name, fault === 'lost-after' ? 1 : 0])
      expect([name, requests().length - asked]).toEqual([name, 3])
    }
    expect(readings()).toBe(1)
  })

  test('is not repeated where nobody knows whether its signature was accepted', async () => {
    const { change, scene, effects, requests } = await applied('account')
    const { wire } = scene.sandbox
    await change()
    const asked = requests().length
    wire.plan = ({ operation }) => (operation === 'POST /auth/action' ? 'lost-after' : undefined)
    expect(await statusOf(change())).not.toBe(200)
    expect([effects(), requests().length - asked]).toEqual([1, 2])
  })
})

describe('a call that is refused', () => {
  test('for want of a permission ends with the error of Dfns, and the secret is not read', async () => {
    const { dfns, requests, readings, webhookId } = await applied('account')
    expect(await statusOf(dfns.webhooks.deleteWebhook({ webhookId }))).toBe(403)
    expect([requests().length, readings()]).toEqual([3, 1])
  })

  test('for its key, where there is no newer one, is not repeated, and is no stampede', async () => {
    const { change, scene, kept, requests, readings } = await applied('account')
    await change()
    for (const { credentialUuid } of scene.dfns.credentials({ userId: kept.userId }))
      scene.dfns.setCredentialActive({ credentialUuid, isActive: false })
    const asked = requests().length
    const outcomes = await Promise.all(Array.from({ length: 50 }, () => statusOf(change())))
    for (let call = 0; call < 10; call++) outcomes.push(await statusOf(change()))
    expect(new Set(outcomes)).toEqual(new Set([401]))
    expect(requests().length - asked).toBe(60 * 2)
    expect(readings()).toBeLessThanOrEqual(1 + 3)
  })

  test('is repeated once at most, though the newer key is refused as well', async () => {
    const { change, scene, requests, rotate } = await applied('account')
    await change()
    await rotate()
    const asked = requests().length
    scene.sandbox.wire.plan = ({ operation }) => (operation === 'POST /auth/action' ? 'refused' : undefined)
    expect(await statusOf(change())).toBe(403)
    expect(requests().length - asked).toBe(4)
  })

  test('without JSON is repeated where it was only signed for, by the fetch that the SDK brings along', async () => {
    const { change, look, scene, effects, requests, rotate, webhookId } = await applied('account')
    const { wire } = scene.sandbox
    await change()
    await rotate()
    const withoutJson = (of: string, status: number) => {
      let isLeft = true
      wire.plan = ({ operation }) => {
        if (!isLeft || operation !== of) return undefined
        isLeft = false
        return { reply: { status, body: '<html>' } }
      }
    }
    withoutJson('POST /auth/action/init', 401)
    await transport.run(publishedFetch, change)
    expect(effects()).toBe(2)
    await rotate()
    const asked = requests().length
    // Of any other call nobody knows the status: it may have been carried out.
    withoutJson(`GET /webhooks/${webhookId}`, 401)
    expect(await statusOf(transport.run(publishedFetch, look))).toContain('invalid json')
    expect(requests().length - asked).toBe(1)
  })

  test('keeps its error while the secret cannot be read', async () => {
    const { change, scene, rotate } = await applied('account')
    await change()
    await rotate()
    scene.sandbox.wire.plan = ({ service }) => (service === 'secretsmanager' ? 'refused' : undefined)
    expect(await statusOf(change())).toBe(401)
  })
})

describe('other clients of the SDK', () => {
  test('are served as the whole one is', async () => {
    const { secret, rotate, webhookId } = await applied('account')
    const hooks = dfnsClientOf(secret, (options) => new WebhooksClient(options))
    expect((await hooks.getWebhook({ webhookId })).id).toBe(webhookId)
    await rotate()
    const { description } = await hooks.updateWebhook({ webhookId, body: { description: 'of a part' } })
    expect(description).toBe('of a part')
  })

  test('that delegate have their first half repeated, the second never', async () => {
    const switches = { allowCredentialsInactive: 'hidden' } as const
    const { secret, rotate, webhookId, effects, requests } = await applied('replaced account', { switches })
    const hooks = dfnsClientOf(secret, (options) => new DelegatedWebhooksClient(options))
    const request = (description: string) => ({ webhookId, body: { description } })
    const sign = async (description: string) => {
      const challenge = await hooks.updateWebhookInit(request(description))
      const firstFactor = await signer(secret).sign(challenge)
      return { challengeIdentifier: challenge.challengeIdentifier, firstFactor }
    }
    await secret.get()
    await rotate()
    await hooks.updateWebhookComplete(request('one'), await sign('one'))
    expect(effects()).toBe(1)
    const signed = await sign('two')
    await rotate()
    const asked = requests().length
    expect(await statusOf(hooks.updateWebhookComplete(request('two'), signed))).toBe(400)
    expect([effects(), requests().length - asked]).toEqual([1, 1])
    await hooks.updateWebhookComplete(request('three'), await sign('three'))
    expect(effects()).toBe(2)
  })

  test('take the options of the SDK beside those of the secret', async () => {
    const { secret } = await applied('account')
    const other = dfnsClient(secret, { orgId: 'or-of-somebody-else' })
    await expect(other.webhooks.listWebhooks()).rejects.toThrow('not scoped to org ID or-of-somebody-else')
  })
})

describe('a user', () => {
  const logins = (operations: readonly string[]) =>
    operations.filter((it) => it === 'POST /auth/login').length

  test('logs in once for all calls, and again in time before the session ends', async () => {
    const { change, look, scene, requests, readings } = await applied('user')
    await Promise.all([change(), look(), look()])
    expect(logins(requests())).toBe(1)
    for (let round = 0; round < 12; round++) {
      await scene.clock.advance(minute)
      await look()
    }
    expect(logins(requests())).toBe(4)
    expect(requests().filter((it) => it.startsWith('GET'))).toHaveLength(14)
    expect(readings()).toBeLessThanOrEqual(5)
  })

  test('whose session was ended logs in anew, without reading the secret', async () => {
    const { look, scene, kept, requests, readings } = await applied('user')
    await look()
    await scene.clock.advance(minute)
    for (const token of scene.dfns.state.tokens.values()) {
      if (token.userId === kept.userId && token.kind === 'Token') token.isActive = false
    }
    await Promise.all([look(), look(), look()])
    expect([logins(requests()), readings()]).toEqual([2, 1])
  })

  test('whose session ends in the call in which its key is retired, too, does not notice', async () => {
    const { change, before, rotate, scene, kept, effects } = await applied('user')
    await change()
    await scene.clock.advance(minute)
    for (const token of scene.dfns.state.tokens.values()) {
      if (token.userId === kept.userId && token.kind === 'Token') token.isActive = false
    }
    // Only the call that has logged in anew gets as far as to sign.
    before('POST /auth/action', rotate)
    await change()
    expect(effects()).toBe(2)
  })

  test('of an organisation that demands single sign-on is told so', async () => {
    const { look } = await applied('user', { switches: { login: 'sso' } })
    expect(await statusOf(look())).toBe('ERR_LOGIN')
  })
})
