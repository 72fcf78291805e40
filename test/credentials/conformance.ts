import { describe, expect, test } from 'vitest'
import type { Credential, What } from '../../lambdas/credentials/credential.ts'
import type { Generation } from '../../lambdas/credentials/document.ts'
import type { JsonObject } from '../../lambdas/credentials/json.ts'
import type { Lineage } from '../../lambdas/crypto/lineage.ts'
import type { RotationError } from '../../lambdas/errors.ts'
import type { Fault } from '../../sandbox/wire.ts'
import type { DfnsWorld } from '../support/dfns-world.ts'

const secretArn = 'arn:aws:secretsmanager:eu-west-1:000000000000:secret:prod/dfns-abcdef'
const lineage: Lineage = { secretArn, token: 'a'.repeat(32) }

/** One kind of credential, and a first generation of it that somebody made by hand. */
export interface KindUnderTest<G extends Generation> {
  readonly world: DfnsWorld
  readonly credential: Credential<G>
  /** The document that a secret would hold. */
  readonly document: JsonObject
  /** The call by which `register` makes Dfns accept the successor. */
  readonly creation: string | ((pending: G) => string)
  /** How many of the generations that Dfns has are active; strangers' are not counted. */
  readonly active: () => number
  /** Lets the time pass after which a superseded generation may go; absent where it may go at once. */
  readonly pass?: () => Promise<void>
}

async function whatOf<G extends Generation>(credential: Credential<G>, superseded: G) {
  const what = await credential.whatOf({ superseded, pending: superseded })
  if ('credentialUuids' in what) return what
  throw new Error('is not about credentials')
}

/** Every id at Dfns that a retirement is about. */
const idsIn = (what: What): readonly string[] => Object.values(what).flat()

type Open<G extends Generation> = () => Promise<KindUnderTest<G>>

/**
 * The contract of `Credential`, written once: every kind passes it. `isObject`: a generation is an object
 * that Dfns makes before it is stored, and that is deleted in the end; no key signs for it.
 */
export function testCredential<G extends Generation>(given: {
  kind: string
  open: Open<G>
  isObject?: boolean
}): void {
  const { kind, open, isObject = false } = given
  /** What holds of keys alone. */
  const testOfKeys = isObject ? () => {} : test
  /** The kind with a current generation and a pending one that Dfns has not heard of. */
  const begin = async () => {
    const subject = await open()
    const { credential, document, world } = subject
    const read = (fields: JsonObject, label: string) =>
      credential.read(
        { text: JSON.stringify(fields), on: `${label} of ${secretArn}`, secretArn },
        world.limits,
      )
    const current = read(document, 'AWSCURRENT')
    const drafted = await credential.create({ current, lineage, algorithm: 'same' })
    const { document: successor } = await drafted.make()
    const pending = read(successor, 'AWSPENDING')
    const register = () => credential.register({ current: async () => current, pending, lineage })
    const creation = typeof subject.creation === 'string' ? subject.creation : subject.creation(pending)
    return { ...subject, creation, read, current, successor, pending, register }
  }

  describe(`${kind}: create`, () => {
    test('drafts a successor that differs, and Dfns does not hear of it', async () => {
      const { world, credential, document } = await open()
      const text = JSON.stringify(document)
      const current = credential.read({ text, on: 'AWSCURRENT', secretArn }, world.limits)
      const drafted = await credential.create({ current, lineage, algorithm: 'same' })
      const draft = JSON.stringify(drafted.document)
      const pending = credential.read({ text: draft, on: 'AWSPENDING', secretArn }, world.limits)
      expect(pending.id).not.toBe(current.id)
      const asks = /^GET |\/init$/
      expect(world.requests().filter((request) => !asks.test(request))).toEqual([])
    })

    testOfKeys('makes nothing before it is stored', async () => {
      const { world, current, pending } = await begin()
      expect(pending.id).not.toBe(current.id)
      const asks = /^GET |\/init$/
      expect(world.requests().filter((request) => !asks.test(request))).toEqual([])
    })

    testOfKeys('gives the same rotation the same id, and another rotation another', async () => {
      const { credential, current, pending, read } = await begin()
      const create = async (token: string) =>
        (await credential.create({ current, lineage: { secretArn, token }, algorithm: 'same' })).document
      expect(read(await create(lineage.token), 'again').id).toBe(pending.id)
      expect(read(await create('b'.repeat(32)), 'other').id).not.toBe(pending.id)
    })

    test('carries over every field that it does not change', async () => {
      const { document, successor } = await begin()
      expect(Object.keys(successor)).toEqual(Object.keys(document))
      expect(JSON.stringify(successor['note'])).toBe(JSON.stringify(document['note']))
      expect(successor['baseUrl']).toBe(document['baseUrl'])
    })
  })

  describe(`${kind}: probe`, () => {
    test('answers yes to everything in a world that allows it, and changes nothing', async () => {
      const { world, credential, current } = await begin()
      const before = world.changes()
      const probes = await credential.probe({ current })
      expect(probes.length).toBeGreaterThan(0)
      expect(probes.map(({ failure }) => failure?.code)).toEqual(probes.map(() => undefined))
      expect(world.changes()).toBe(before)
    })

    test('reports Dfns being away as what may pass', async () => {
      const { world, credential, current } = await begin()
      world.wire.plan = () => ({ reply: { status: 503, body: '<html>' } })
      const probes = await credential.probe({ current })
      const failures = probes.flatMap(({ failure }) => failure ?? [])
      expect(failures.map(({ code }) => code)).toContain('ERR_DFNS_UNAVAILABLE')
      expect(failures.every(({ retryable }) => retryable)).toBe(true)
    })
  })

  describe(`${kind}: register`, () => {
    test('makes Dfns accept pending beside current', async () => {
      const { credential, current, pending, register, active } = await begin()
      await register()
      await credential.verify({ generation: pending, as: current, fresh: true })
      await credential.verify({ generation: current, as: current, fresh: false })
      expect(active()).toBe(2)
    })

    test('once more changes nothing more', async () => {
      const { world, register } = await begin()
      await register()
      const before = world.changes()
      await register()
      expect(world.changes()).toBe(before)
    })

    test('twice at once ends like once', async () => {
      const { credential, current, pending, register, active } = await begin()
      await Promise.all([register(), register()])
      await credential.verify({ generation: pending, as: current, fresh: true })
      expect(active()).toBe(2)
    })

    test('needs nothing of current where Dfns accepts pending already', async () => {
      const { credential, pending, register } = await begin()
      await register()
      await credential.verify({ generation: pending, as: pending, fresh: true })
      const current = () => Promise.reject(new Error('nobody may ask for current'))
      await expect(credential.register({ current, pending, lineage })).resolves.toBeUndefined()
    })

    test.each<Fault>(['lost-before', 'lost-after', 'refused', 'throttled'])(
      'ends with pending accepted, or with an error and then again, where its creation is %s',
      async (fault) => {
        const { world, creation, credential, current, pending, register, active } = await begin()
        world.wire.plan = once(creation, fault)
        await register().catch(() => register())
        await credential.verify({ generation: pending, as: current, fresh: true })
        expect(active()).toBe(2)
      },
    )

    testOfKeys('does not repeat a creation of which nobody knows whether it was carried out', async () => {
      const { world, creation, register } = await begin()
      world.wire.plan = ({ operation }) => (operation === creation ? 'lost-before' : undefined)
      await expect(register()).rejects.toMatchObject({ code: 'ERR_DFNS_UNAVAILABLE', retryable: true })
      expect(world.requests().filter((request) => request === creation)).toHaveLength(1)
    })
  })

  describe(`${kind}: verify`, () => {
    test('refuses a generation that Dfns does not know', async () => {
      const { credential, current, pending } = await begin()
      const unknown = credential.verify({ generation: pending, as: current, fresh: true })
      await expect(unknown).rejects.toMatchObject({ code: 'ERR_VERIFY' })
    })

    test('gives a fresh generation the moment that it needs', async () => {
      const { world, credential, current, pending, register } = await begin()
      world.change({ listLag: 4, acceptanceLag: 3 })
      await register()
      const verification = credential.verify({ generation: pending, as: current, fresh: true })
      await expect(verification).resolves.toBeUndefined()
    })

    testOfKeys('has no effect', async () => {
      const { world, credential, current } = await begin()
      const before = world.changes()
      await credential.verify({ generation: current, as: current, fresh: false })
      expect(world.changes()).toBe(before)
      expect(world.dfns.effects().map(({ kind: effect }) => effect)).not.toContain('user action spent')
    })
  })

  /** The kind after a rotation: what was current is superseded, and active still. */
  const rotated = async () => {
    const subject = await begin()
    await subject.register()
    const { credential, current: superseded, pending: current } = subject
    await credential.verify({ generation: current, as: superseded, fresh: true })
    const deactivate = async () => {
      const deactivation = await credential.deactivate({ current, superseded })
      await deactivation.perform()
      return deactivation
    }
    await subject.pass?.()
    const refused = (generation: G) =>
      expect(credential.verify({ generation, as: current, fresh: false })).rejects.toMatchObject({
        code: 'ERR_VERIFY',
      })
    return { ...subject, superseded, current, deactivate, refused }
  }

  describe(`${kind}: deactivate`, () => {
    test('makes Dfns refuse superseded and nothing else', async () => {
      const { credential, superseded, current, deactivate, refused, active } = await rotated()
      await deactivate()
      await refused(superseded)
      await credential.verify({ generation: current, as: current, fresh: false })
      expect(active()).toBe(1)
    })

    test('once more changes nothing more', async () => {
      const { world, deactivate } = await rotated()
      await deactivate()
      const before = world.changes()
      await deactivate()
      expect(world.changes()).toBe(before)
    })

    test('needs no more of superseded than its id', async () => {
      const { credential, superseded, current, refused, active } = await rotated()
      const byId = { id: superseded.id, on: 'version v1' }
      await (await credential.deactivate({ current, superseded: byId })).perform()
      await refused(superseded)
      expect(active()).toBe(1)
    })

    test('answers every id that it is about, also where none was active any more', async () => {
      const { credential, superseded, deactivate } = await rotated()
      const what = await credential.whatOf({ superseded, pending: superseded })
      expect((await deactivate()).ids).toEqual(idsIn(what))
      expect((await deactivate()).ids).toEqual(idsIn(what))
    })

    test('is begun once something is deactivated, and also for who comes later', async () => {
      const { credential, superseded, current, deactivate } = await rotated()
      expect((await credential.deactivate({ current, superseded })).isBegun()).toBe(false)
      expect((await deactivate()).isBegun()).toBe(true)
      expect((await credential.deactivate({ current, superseded })).isBegun()).toBe(true)
    })

    test('is confirmed, and current proved, once it is performed', async () => {
      const { deactivate } = await rotated()
      const { confirm, prove } = await deactivate()
      await expect(confirm()).resolves.toBeUndefined()
      await expect(prove()).resolves.toBeUndefined()
    })

    testOfKeys('can be taken back, also by a second attempt', async () => {
      const { credential, superseded, current, deactivate } = await rotated()
      await deactivate()
      const { undo } = await deactivate()
      await undo()
      const verification = credential.verify({ generation: superseded, as: current, fresh: false })
      await expect(verification).resolves.toBeUndefined()
    })
  })

  describe(`${kind}: whatOf and idOf`, () => {
    test('every generation has ids of its own', async () => {
      const { credential, superseded, current } = await rotated()
      const [old, fresh] = [
        idsIn(await credential.whatOf({ superseded, pending: current })),
        idsIn(await credential.whatOf({ superseded: current, pending: current })),
      ]
      expect(old.length * fresh.length).toBeGreaterThan(0)
      expect(old.filter((uuid) => fresh.includes(uuid))).toEqual([])
    })

    testOfKeys('one that Dfns does not know has none, or is refused', async () => {
      const { credential, pending } = await begin()
      const told = await whatOf(credential, pending).catch(({ code }: RotationError) => code)
      expect([{ credentialUuids: [] }, 'ERR_VERIFY']).toContainEqual(told)
    })

    test('it tells the id, to whoever is current', async () => {
      const { credential, superseded, current } = await rotated()
      const what = await credential.whatOf({ superseded, pending: current })
      expect(await credential.idOf({ current, what })).toBe(superseded.id)
    })

    testOfKeys('a uuid tells the id also once it is deactivated', async () => {
      const { credential, superseded, current, deactivate } = await rotated()
      const what = await whatOf(credential, superseded)
      expect(await credential.idOf({ current, what })).toBe(superseded.id)
      await deactivate()
      expect(await credential.idOf({ current, what })).toBe(superseded.id)
      expect(await whatOf(credential, superseded)).toEqual(what)
    })

    testOfKeys('one known uuid among unknown ones is enough, and unknown ones tell nothing', async () => {
      const { credential, superseded, current } = await rotated()
      const unknown = 'cr-00000-00000-0000000000000000'
      const {
        credentialUuids: [known = ''],
      } = await whatOf(credential, superseded)
      const idOf = (...credentialUuids: readonly string[]) =>
        credential.idOf({ current, what: { credentialUuids } })
      expect(await idOf(unknown, known)).toBe(superseded.id)
      expect(await idOf(unknown)).toBeUndefined()
      expect(await idOf()).toBeUndefined()
    })

    test('asking changes nothing', async () => {
      const { world, credential, superseded, current } = await rotated()
      const before = world.changes()
      await credential.idOf({ current, what: await credential.whatOf({ superseded, pending: current }) })
      expect(world.changes()).toBe(before)
    })

    const away = { code: 'ERR_DFNS_UNAVAILABLE', retryable: true }

    test('Dfns being away is what may pass', async () => {
      const { world, credential, superseded, current } = await rotated()
      const what = await credential.whatOf({ superseded, pending: current })
      world.wire.plan = () => ({ reply: { status: 503, body: '<html>' } })
      await expect(credential.idOf({ current, what })).rejects.toMatchObject(away)
    })

    testOfKeys('Dfns being away is what may pass, also where it has to be asked for uuids', async () => {
      const { world, credential, superseded } = await rotated()
      world.wire.plan = () => ({ reply: { status: 503, body: '<html>' } })
      await expect(whatOf(credential, superseded)).rejects.toMatchObject(away)
    })
  })

  if (isObject) return

  describe(`${kind}: isUsedSince`, () => {
    const since = new Date(0)
    const answering = (status: number, body: string) => (call: { operation: string }) =>
      call.operation.startsWith('GET /auth/action/logs') ? { reply: { status, body } } : undefined

    test('is what stands in the audit log, by id or by uuid', async () => {
      const { world, credential, superseded, current } = await rotated()
      const what = await whatOf(credential, superseded)
      const use = { current, superseded: { id: superseded.id, what, on: 'version v1' }, since }
      for (const [text, isUsed] of [
        [superseded.id, true],
        [what.credentialUuids[0], true],
        [current.id, false],
        ['', false],
      ] as const) {
        world.wire.plan = answering(200, JSON.stringify({ items: [{ text }] }))
        expect(await credential.isUsedSince(use)).toBe(isUsed)
      }
    })

    test.each([401, 403, 404])('is not known where the log may not be read (%i)', async (status) => {
      const { world, credential, superseded, current } = await rotated()
      world.wire.plan = answering(status, '{}')
      expect(await credential.isUsedSince({ current, superseded, since })).toBeUndefined()
    })

    test('is an error that may pass where Dfns does not answer', async () => {
      const { world, credential, superseded, current } = await rotated()
      world.wire.plan = answering(503, '<html>')
      const asked = credential.isUsedSince({ current, superseded, since })
      await expect(asked).rejects.toMatchObject({ code: 'ERR_DFNS_UNAVAILABLE', retryable: true })
    })
  })
}

/** Strikes the first such request. */
function once(operation: string, fault: Fault) {
  let struck = false
  return (call: { operation: string }): Fault | undefined => {
    if (struck || call.operation !== operation) return undefined
    struck = true
    return fault
  }
}
