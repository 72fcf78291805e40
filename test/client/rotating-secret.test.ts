import { inspect } from 'node:util'
import { setImmediate } from 'node:timers/promises'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { clock } from '../../client/clock.ts'
import { ClientError } from '../../client/errors.ts'
import { type RotatingSecretOptions, rotatingSecret } from '../../client/rotating-secret.ts'
import { createClock } from '../../sandbox/clock.ts'
import { documentOf, freezable, generation, pass, type Source, source } from './source.ts'

const second = 1_000
const minute = 60 * second
const hour = 60 * minute

function opened({ store = source(), ...options }: { store?: Source } & RotatingSecretOptions = {}) {
  const time = createClock()
  const secret = rotatingSecret('prod/dfns', { fetchSecret: store.fetchSecret, [clock]: time, ...options })
  const credId = async () => (await secret.get()).active['credId']
  return { time, store, secret, credId }
}

const codeOf = (error: unknown) => (error instanceof ClientError ? error.code : String(error))
const outcome = (work: Promise<unknown>) => work.then(() => 'ok', codeOf)
const many = <T>(ask: () => Promise<T>) => Promise.all(Array.from({ length: 1_000 }, ask))

afterEach(() => vi.restoreAllMocks())

describe('a secret in memory', () => {
  test('is not read before somebody asks, and then once, however many ask', async () => {
    const { store, credId } = opened()
    expect(store.requests).toEqual([])
    expect(new Set(await many(credId))).toEqual(new Set(['one']))
    expect(store.requests).toHaveLength(1)
  })

  test('is refreshed before its TTL ends, and nobody waits for that', async () => {
    const { time, store, credId } = opened({ jitter: 0 })
    await credId()
    store.isSlow = true
    store.labels.AWSCURRENT = generation('two')
    await pass(time, 4.5 * minute)
    for (let seconds = 0; seconds < 9; seconds++) {
      await pass(time, second)
      expect(await credId()).toBe('one')
    }
    expect(store.reads()).toBe(2)
    await store.answer()
    expect(await credId()).toBe('two')
  })

  test('keeps its document while its version stays, so that keys and sessions are kept with it', async () => {
    const { time, store, secret } = opened()
    const { active } = await secret.get()
    await pass(time, 5 * minute)
    expect(store.reads()).toBe(2)
    expect((await secret.get()).active).toBe(active)
    store.labels.AWSCURRENT = generation('two')
    await pass(time, 5 * minute)
    expect((await secret.get()).active).not.toBe(active)
  })

  test('stays fresh without anybody asking, for an hour after the last one did', async () => {
    const { time, store, credId } = opened()
    await credId()
    await pass(time, 59 * minute)
    const reads = store.reads()
    store.labels.AWSCURRENT = generation('two')
    store.isSlow = true
    expect([await credId(), reads > 12]).toEqual(['one', true])
    store.isSlow = false
    await pass(time, 30 * hour)
    const after = store.reads()
    await pass(time, 30 * hour)
    expect(store.reads()).toBe(after)
    expect(time.next()).toBeUndefined()
  })

  test.each([
    [0, 0.9],
    [0.5, 0.8],
    [1, 0.7],
  ])('with chance %d is refreshed at %d of its TTL', async (chance, share) => {
    vi.spyOn(Math, 'random').mockReturnValue(chance)
    const { time, store, credId } = opened()
    await credId()
    await pass(time, share * 5 * minute - 1)
    expect(store.reads()).toBe(1)
    await pass(time, 1)
    expect(store.reads()).toBe(2)
  })

  test('is not refreshed by a fleet at one moment', async () => {
    const time = createClock()
    const store = source()
    const fleet = Array.from({ length: 100 }, () =>
      rotatingSecret('prod/dfns', { fetchSecret: store.fetchSecret, [clock]: time }),
    )
    await Promise.all(fleet.map((secret) => secret.get()))
    await pass(time, 3.5 * minute)
    const bursts: number[] = []
    while (store.reads() < 200) {
      const before = store.reads()
      await pass(time, second)
      bursts.push(store.reads() - before)
    }
    expect(Math.max(...bursts)).toBeLessThan(20)
    expect(bursts.length).toBeGreaterThan(40)
  })

  test('that expired while nobody asked is read once by a thousand who ask at once', async () => {
    const { time, store, credId } = opened()
    await credId()
    await pass(time, 30 * hour)
    const before = store.reads()
    store.labels.AWSCURRENT = generation('two')
    expect(new Set(await many(credId))).toEqual(new Set(['two']))
    expect(store.reads() - before).toBe(1)
  })
})

describe('in a process that was frozen', () => {
  function frozen() {
    const store = source()
    const { clock: time, freeze, pass: tick } = freezable()
    const secret = rotatingSecret('prod/dfns', { fetchSecret: store.fetchSecret, [clock]: time })
    return { store, freeze, tick, secret, credId: async () => (await secret.get()).active['credId'] }
  }

  test('the age of what is held counts, not the timers that ran', async () => {
    const { store, freeze, credId } = frozen()
    await credId()
    store.labels.AWSCURRENT = generation('two')
    freeze(5 * minute - 1)
    expect(await credId()).toBe('one')
    await setImmediate()
    expect(await credId()).toBe('two')
    store.labels.AWSCURRENT = generation('three')
    freeze(5 * minute)
    expect(await credId()).toBe('three')
  })

  test('a reading that the freeze cut off is not waited for', async () => {
    const { store, freeze, credId } = frozen()
    store.isSlow = true
    const cut = credId()
    await setImmediate()
    freeze(10 * second)
    store.isSlow = false
    store.labels.AWSCURRENT = generation('two')
    expect(await credId()).toBe('two')
    store.labels.AWSCURRENT = generation('one')
    await store.answer()
    await cut
    expect(await credId()).toBe('two')
  })

  test('a clock that was set back makes it read anew', async () => {
    const { store, freeze, credId } = frozen()
    await credId()
    store.labels.AWSCURRENT = generation('two')
    freeze(-hour)
    expect(await credId()).toBe('two')
  })

  test('a reading that is never answered ends after ten seconds', async () => {
    const { store, tick, credId } = frozen()
    store.isSlow = true
    const result = outcome(credId())
    await setImmediate()
    await tick(10 * second)
    expect(await result).toBe('ERR_STORE')
    expect(store.requests[0]?.signal.aborted).toBe(true)
  })
})

describe('while the secret cannot be read', () => {
  const down = () => Object.assign(new Error('the request was {"secret":"canary"}'), { name: 'canary' })

  test('what is held is used for the TTL and staleFor, and not a moment longer', async () => {
    const { time, store, credId } = opened({ staleFor: 10 * minute })
    await credId()
    store.failure = down()
    await pass(time, 15 * minute - 1)
    expect(await credId()).toBe('one')
    await pass(time, 1)
    expect(await outcome(credId())).toBe('ERR_STORE')
    store.failure = undefined
    await pass(time, minute)
    expect(await credId()).toBe('one')
  })

  test('it is tried again with growing pauses, whoever asks', async () => {
    const { time, store, credId } = opened()
    await credId()
    store.failure = down()
    await pass(time, 5 * minute)
    const before = store.reads()
    for (let ms = 0; ms < 10 * minute; ms += second) {
      await pass(time, second)
      await Promise.all([credId(), credId(), credId()])
    }
    expect(store.reads() - before).toBeLessThanOrEqual(12)
  })

  test('and nothing is held, a thousand callers are one attempt a second at most', async () => {
    const { time, store, credId } = opened()
    store.failure = down()
    const outcomes = await many(() => outcome(credId()))
    expect([...new Set(outcomes), store.reads()]).toEqual(['ERR_STORE', 1])
    await pass(time, 999)
    await outcome(credId())
    expect(store.reads()).toBe(1)
    store.failure = undefined
    await pass(time, 1)
    expect(await credId()).toBe('one')
  })

  test('the error tells nothing of what a hook threw', async () => {
    const { store, secret } = opened()
    store.failure = down()
    const error: unknown = await secret.get().catch((reason: unknown) => reason)
    expect(inspect(error, { depth: 9 })).not.toContain('canary')
    expect(error).toMatchObject({ code: 'ERR_STORE', retryable: true })
  })

  test('what was put under AWSCURRENT and is no document leaves the last good one in use', async () => {
    const { time, store, credId } = opened()
    await credId()
    store.labels.AWSCURRENT = { versionId: 'broken', text: '{' }
    await pass(time, 20 * minute)
    expect(await credId()).toBe('one')
  })
})

describe('what Dfns refused', () => {
  test('is replaced by what is held, if that is newer, without a reading', async () => {
    const { time, store, secret } = opened()
    const old = await secret.get()
    store.labels.AWSCURRENT = generation('two')
    await pass(time, 5 * minute)
    const before = store.reads()
    expect((await secret.refused(old)).active['credId']).toBe('two')
    expect(store.reads()).toBe(before)
  })

  test('is read anew at once, past caches on the way', async () => {
    const { store, secret } = opened()
    const old = await secret.get()
    store.labels.AWSCURRENT = generation('two')
    expect((await secret.refused(old)).active['credId']).toBe('two')
    expect(store.requests.map(({ refresh }) => refresh)).toEqual([false, true])
  })

  test('is read anew though a reading that began before is under way', async () => {
    const { time, store, secret } = opened({ jitter: 0 })
    const old = await secret.get()
    store.isSlow = true
    await pass(time, 4.5 * minute)
    expect(store.reads()).toBe(2)
    store.labels.AWSCURRENT = generation('two')
    const newer = secret.refused(old)
    await setImmediate()
    await store.answer()
    expect((await newer).active['credId']).toBe('two')
    expect(store.reads()).toBe(3)
    expect((await secret.get()).active['credId']).toBe('two')
  })

  test('and is refused for everybody is no stampede: three readings at once, then one in ten seconds', async () => {
    const { time, store, secret } = opened()
    const old = await secret.get()
    for (let wave = 0; wave < 5; wave++) await many(() => secret.refused(old))
    expect(store.requests.filter(({ refresh }) => refresh)).toHaveLength(3)
    for (let ms = 0; ms < 200 * second; ms += second) {
      await pass(time, second)
      await Promise.all([secret.refused(old), secret.refused(old)])
    }
    const readings = store.requests.filter(({ refresh }) => refresh).length
    expect(readings).toBeGreaterThan(10)
    expect(readings).toBeLessThanOrEqual(3 + 20)
  })

  test('a moment after it was read is read anew, whatever was refused before', async () => {
    const { time, store, secret } = opened({ ttl: 10 * second })
    const one = await secret.get()
    for (let wave = 0; wave < 5; wave++) await secret.refused(one)
    store.labels.AWSCURRENT = generation('two')
    await pass(time, 10 * second)
    const two = await secret.get()
    store.labels.AWSCURRENT = generation('three')
    expect([two, await secret.refused(two)].map(({ active }) => active['credId'])).toEqual(['two', 'three'])
  })

  test('is answered with what is held while the secret cannot be read', async () => {
    const { store, secret } = opened()
    const old = await secret.get()
    store.failure = new Error('down')
    expect((await secret.refused(old)).versionId).toBe(old.versionId)
  })
})

describe('what is accepted beside AWSCURRENT', () => {
  const three = () =>
    source({
      AWSCURRENT: generation('two'),
      AWSPENDING: generation('three'),
      AWSPREVIOUS: generation('one'),
    })
  const beside = async (secret: ReturnType<typeof opened>['secret']) =>
    (await secret.get({ alsoAccepted: true })).alsoAccepted.map(({ credId }) => credId)

  test('is read only where somebody asks for it', async () => {
    const { time, store, secret } = opened({ store: three() })
    expect((await secret.get()).alsoAccepted).toEqual([])
    await pass(time, 20 * minute)
    expect([store.reads('AWSPENDING'), store.reads('AWSPREVIOUS')]).toEqual([0, 0])
    expect(await beside(secret)).toEqual(['three', 'one'])
  })

  test('leaves out AWSPENDING that stayed on the current version', async () => {
    const { store, secret } = opened({ store: three() })
    store.labels.AWSPENDING = generation('two')
    expect(await beside(secret)).toEqual(['one'])
  })

  test('is read anew when AWSCURRENT has moved', async () => {
    const { store, secret } = opened({ store: three() })
    await beside(secret)
    store.labels = { AWSCURRENT: generation('three'), AWSPREVIOUS: generation('two') }
    await secret.refused(await secret.get())
    expect(await beside(secret)).toEqual(['two'])
  })

  test('and was refused is read anew with it', async () => {
    const { store, secret } = opened({ store: source() })
    const known = await secret.get({ alsoAccepted: true })
    store.labels.AWSPENDING = generation('two')
    const { alsoAccepted } = await secret.refused(known)
    expect(alsoAccepted.map(({ credId }) => credId)).toEqual(['two'])
  })

  test.each([
    ['a version that is no document yet', { versionId: 'x', text: '' }],
    ['a document of another kind', { versionId: 'x', text: documentOf('WebhookSecret') }],
  ])('is nothing where there is %s', async (_, version) => {
    const { store, secret } = opened({ store: three(), kind: 'ServiceAccountKey' })
    store.labels.AWSPENDING = version
    expect(await beside(secret)).toEqual(['one'])
  })

  test('is nothing where it may not be read, and AWSCURRENT is used all the same', async () => {
    const store = three()
    const { secret } = opened({
      store: {
        ...store,
        fetchSecret: async (request) => {
          if (request.label === 'AWSCURRENT') return store.fetchSecret(request)
          throw new ClientError('ERR_STORE', 'AccessDeniedException')
        },
      },
    })
    expect(await beside(secret)).toEqual([])
  })

  test('stays what it was while it cannot be read', async () => {
    const { time, store, secret } = opened({ store: three() })
    await beside(secret)
    store.failure = new Error('down')
    await pass(time, 10 * minute)
    expect(await beside(secret)).toEqual(['three', 'one'])
  })
})

describe('a document', () => {
  const read = (text: string, options: RotatingSecretOptions = {}) =>
    opened({ store: source({ AWSCURRENT: { versionId: 'v', text } }), ...options }).secret.get()

  test.each(['ServiceAccountKey', 'PersonalAccessTokenKey', 'UserKey', 'WebhookSecret'])(
    'of kind %s is read, with the fields of its owner',
    async (kind) => {
      const text = documentOf(kind, { DFNS_KEY: 'mine', nested: { more: [1] } })
      expect((await read(text)).active).toEqual(JSON.parse(text))
    },
  )

  test.each([
    ['', 'not a JSON document'],
    ['[]', 'not a JSON document'],
    ['"-----BEGIN PRIVATE KEY-----"', 'not a JSON document'],
    [`{"a":"${'x'.repeat(65_536)}"}`, 'not a JSON document'],
    ['{}', 'no field kind that is known'],
    ['{"kind":"toString"}', 'no field kind that is known'],
    ['{"kind":"Passkey"}', 'no field kind that is known'],
    [documentOf('ServiceAccountKey', { authToken: undefined }), 'missing or malformed: authToken'],
    [documentOf('ServiceAccountKey', { authToken: 'a canary' }), 'missing or malformed: authToken'],
    [
      documentOf('ServiceAccountKey', { credId: 7, privateKey: '' }),
      'missing or malformed: credId, privateKey',
    ],
    [documentOf('UserKey', { username: '' }), 'missing or malformed: username'],
    [documentOf('WebhookSecret', { events: [] }), 'missing or malformed: events'],
    [documentOf('WebhookSecret', { webhookSecret: 'short' }), 'missing or malformed: webhookSecret'],
    ...['http://api.dfns.io', 'https://a@b', 'https://a/b', 'https://a?b', 'ftp://a', 'a', 'https:// a'].map(
      (baseUrl) => [documentOf('UserKey', { baseUrl }), 'missing or malformed: baseUrl'],
    ),
  ])('that is not of the form is refused: %#', async (text, problem) => {
    const error = (await read(text).catch((reason: unknown) => reason)) as ClientError
    expect([error.code, error.message]).toEqual(['ERR_DOCUMENT', expect.stringContaining(problem)])
    expect(error.message).toContain('AWSCURRENT of prod/dfns')
    expect(error.message).not.toMatch(/canary|BEGIN|xxx/)
  })

  test('of another kind than asked for is refused', async () => {
    expect(await outcome(read(documentOf('UserKey'), { kind: 'WebhookSecret' }))).toBe('ERR_KIND')
  })

  test('that does not exist is an error that names the secret', async () => {
    const { secret } = opened({ store: source({}) })
    await expect(secret.get()).rejects.toMatchObject({
      code: 'ERR_STORE',
      message: 'prod/dfns: no version under AWSCURRENT has a value',
    })
  })

  test('that is printed or serialised by accident shows no value', async () => {
    const snapshot = await read(documentOf('ServiceAccountKey', { OWN: 'a canary of the owner' }))
    const shown = [inspect(snapshot, { depth: 9, showHidden: true }), JSON.stringify({ snapshot })].join()
    expect(shown).toContain("kind: 'ServiceAccountKey'")
    expect(shown).not.toMatch(/canary|BEGIN|a\.b\.c/)
  })
})

test.each([
  { ttl: 999 },
  { ttl: Number.NaN },
  { jitter: 0.81 },
  { jitter: -0.1 },
  { staleFor: -1 },
  { refusalInterval: 0 },
])('the option %j is refused', (option) => {
  expect(() => rotatingSecret('a', option)).toThrow(RangeError)
})

test('an option that is set to undefined is one that is not set', async () => {
  const names = ['kind', 'ttl', 'jitter', 'staleFor', 'refusalInterval']
  // Whoever compiles without exactOptionalPropertyTypes may write so.
  const unset: RotatingSecretOptions = Object.fromEntries(names.map((name) => [name, undefined]))
  const { time, store, credId } = opened(unset)
  await credId()
  await pass(time, 5 * minute)
  expect(store.reads()).toBe(2)
})
