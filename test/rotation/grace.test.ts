import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager'
import { describe, expect, test } from 'vitest'
import type { Credential } from '../../lambdas/credentials/credential.ts'
import type { Generation, KeyDocument } from '../../lambdas/credentials/document.ts'
import { credIdOf } from '../../lambdas/crypto/lineage.ts'
import type { OneTimeSchedule, Schedules } from '../../lambdas/ports/scheduler.ts'
import { secretStore } from '../../lambdas/ports/secrets-manager.ts'
import type { Stored } from '../../lambdas/rotation/generations.ts'
import {
  assertGraceEnds,
  graceOf,
  graceOfStored,
  retireAtNextRotation,
  scheduledMove,
} from '../../lambdas/rotation/grace.ts'
import { readPolicy } from '../../lambdas/rotation/policy.ts'
import { scheduleName } from '../../lambdas/rotation/retire-event.ts'
import type { Rotation } from '../../lambdas/rotation/rotation.ts'
import { readSettings } from '../../lambdas/rotation/settings.ts'
import { read, secretArn } from '../credentials/sample.ts'
import { fakeTime } from '../support/time.ts'

const hour = 3_600_000
const day = 24 * hour
const start = Date.parse('2026-11-22T09:30:00Z')
const token = 'b'.repeat(32)

interface Given {
  readonly tags?: Readonly<Record<string, string>>
  readonly policy?: object
  readonly scheduler?: boolean
  readonly lastRotation?: Date | undefined
  readonly previous?: Stored | undefined
  /** How long the move of AWSCURRENT takes, and whether it succeeds. */
  readonly moveMs?: number
  readonly moves?: boolean
}

const nobody = () => Promise.reject(new Error('nobody may ask for this'))

/** A rotation as far as a grace is concerned, and the schedules that it writes. */
function rotationWith(given: Given = {}) {
  const { tags = {}, policy = {}, scheduler = true, lastRotation, previous } = given
  const written: OneTimeSchedule[] = []
  const schedules: Schedules = { put: async (schedule) => void written.push(schedule), get: nobody }
  const time = fakeTime({ start })
  const read = readPolicy({ text: JSON.stringify(policy), name: 'p' })
  const secret = {
    arn: secretArn,
    rotationEnabled: true,
    isDeleted: false,
    stages: new Map(),
    tags: new Map(Object.entries(tags)),
    lastRotation,
    nextRotation: undefined,
    rotationDays: undefined,
    lastChanged: undefined,
    rotationArn: undefined,
    primaryRegion: undefined,
    failedRegions: [],
  }
  const rotation: Rotation = {
    secret,
    standing: 'pending',
    lineage: { secretArn, token },
    rotationToken: undefined,
    store: secretStore({ client: new SecretsManagerClient({}), secretId: secretArn, time }),
    schedules: scheduler ? schedules : undefined,
    time,
    log: { info: () => {}, warn: () => {}, error: () => {} },
    settingsFor: (kind) => readSettings({ tags: secret.tags, policy: read, kind }),
    current: nobody,
    pending: nobody,
    promoted: nobody,
    kindRead: () => undefined,
    hasPending: nobody,
    previous: async () => previous,
    version: nobody,
  }
  return { rotation, written }
}

const adopted = read()
const ours = read({ credId: credIdOf({ secretArn, token: 'a'.repeat(32) }) })
const anothers = read({ credId: credIdOf({ secretArn: `${secretArn}2`, token: 'a'.repeat(32) }) })

const neverAsked = new Proxy({} as Credential<Generation>, {
  get: (_, name) => (name === 'isOurs' ? undefined : nobody),
})

const stored = (document: KeyDocument, versionId = 'a'.repeat(32)): Stored => ({
  version: { versionId, text: '{}', created: undefined },
  document,
  credential: neverAsked,
})

describe('the grace', () => {
  test('of a credential that a rotation of this secret made is the default', () => {
    expect(graceOf({ ...rotationWith(), superseded: ours })).toBe(day)
  })

  test("of one that a person made, or a rotation of another secret, is the adopted one's", () => {
    expect(graceOf({ ...rotationWith(), superseded: adopted })).toBe(7 * day)
    expect(graceOf({ ...rotationWith(), superseded: anothers })).toBe(7 * day)
  })

  test('is for both what the tag says', () => {
    const tagged = rotationWith({ tags: { 'dfns-rotator:grace': 'PT2H' } })
    expect(graceOf({ ...tagged, superseded: ours })).toBe(2 * hour)
    expect(graceOf({ ...tagged, superseded: adopted })).toBe(2 * hour)
  })
})

describe('the grace of what Dfns alone knows', () => {
  const webhook = { ...adopted, kind: 'WebhookSecret', id: 'wh-1' }
  const graceWith = (given: Given, isOurs: () => Promise<boolean>) => {
    const credential = { ...neverAsked, isOurs }
    const superseded = { ...stored(webhook), credential }
    return graceOfStored({ ...rotationWith(given), superseded })
  }

  test('is the default of its kind where a rotation of this secret made it', async () => {
    expect(await graceWith({}, async () => true)).toBe(26 * hour)
  })

  test("is the adopted one's where a person made it", async () => {
    expect(await graceWith({}, async () => false)).toBe(7 * day)
  })

  test('is not asked for where it is the same either way', async () => {
    expect(await graceWith({ tags: { 'dfns-rotator:grace': 'PT2H' } }, nobody)).toBe(2 * hour)
  })

  test('needs somebody who ends it, also where it is PT0S', () => {
    const tags = { 'dfns-rotator:grace': 'PT0S' }
    const ends = (given: Given) => () => assertGraceEnds({ ...rotationWith(given), superseded: webhook })
    expect(ends({ scheduler: false, tags })).toThrow(expect.objectContaining({ code: 'ERR_SCHEDULER' }))
    expect(ends({ tags })).not.toThrow()
    expect(ends({ scheduler: false, tags, policy: { retireAtNextRotation: true } })).not.toThrow()
  })
})

describe('a grace that nobody would end stops the rotation', () => {
  const ends =
    (given: Given, superseded = ours) =>
    () =>
      assertGraceEnds({ ...rotationWith(given), superseded })

  test('but not where there is a scheduler', () => {
    expect(ends({})).not.toThrow()
  })

  test('nor where it is PT0S', () => {
    expect(ends({ scheduler: false, tags: { 'dfns-rotator:grace': 'PT0S' } })).not.toThrow()
  })

  test('nor where the policy says retireAtNextRotation', () => {
    expect(ends({ scheduler: false, policy: { retireAtNextRotation: true } })).not.toThrow()
  })

  test.for([
    ['the default', {}, ours],
    ['of a second', { 'dfns-rotator:grace': 'PT1S' }, ours],
    ["the adopted one's", {}, adopted],
  ] as const)('%s', ([, tags, superseded]) => {
    const expected = { code: 'ERR_SCHEDULER', retryable: false }
    expect(ends({ scheduler: false, tags }, superseded)).toThrow(expect.objectContaining(expected))
    expect(ends({ scheduler: false, tags }, superseded)).toThrow(/PT0S/)
  })
})

describe('the schedule of a retirement', () => {
  const after = async (given: Given, document: KeyDocument = ours) => {
    const { rotation, written } = rotationWith(given)
    const move = async () => {
      expect(written).toHaveLength(given.scheduler === false ? 0 : 1)
      await rotation.time.sleep(given.moveMs ?? 0)
      if (given.moves === false) throw new Error('refused')
    }
    await scheduledMove({
      rotation,
      current: stored(document),
      what: { credentialUuids: ['cr-1', 'cr-2'] },
      move,
    })
    return written
  }

  test('is for the end of the grace, and its input names what is to be retired', async () => {
    const generations = { secretArn, superseded: 'a'.repeat(32), promoted: token }
    expect(await after({})).toStrictEqual([
      {
        name: scheduleName({ secretArn, credId: ours.id }),
        at: new Date(start + 5_000 + day),
        input: {
          v: 1,
          kind: 'ServiceAccountKey',
          ...generations,
          what: { credentialUuids: ['cr-1', 'cr-2'] },
        },
      },
    ])
  })

  test('is written before AWSCURRENT moves, and once more where the move took longer than five seconds', async () => {
    const prompt = await after({ moveMs: 5_000 })
    expect(prompt.map(({ at }) => at.getTime() - start)).toEqual([day + 5_000])
    const slow = await after({ moveMs: 5_001 })
    expect(slow.map(({ at }) => at.getTime() - start)).toEqual([day + 5_000, day + 5_001])
  })

  test('is not written once more where AWSCURRENT did not move', async () => {
    await expect(after({ moveMs: 60_000, moves: false })).rejects.toThrow('refused')
  })

  test('of an adopted one is later', async () => {
    expect(await after({}, adopted)).toMatchObject([{ at: new Date(start + 5_000 + 7 * day) }])
  })

  test('with grace PT0S is for five minutes later: a net', async () => {
    const written = await after({ tags: { 'dfns-rotator:grace': 'PT0S' } })
    expect(written).toMatchObject([{ at: new Date(start + 305_000) }])
  })

  test('is not written where there is no scheduler', async () => {
    expect(await after({ scheduler: false })).toEqual([])
  })
})

describe('without a scheduler, and where the policy says retireAtNextRotation', () => {
  const policy = { retireAtNextRotation: true }
  const next = async (given: Given) => {
    const { rotation } = rotationWith({ scheduler: false, policy, ...given })
    await retireAtNextRotation({ rotation, current: stored(ours, 'c'.repeat(32)) })
  }

  test.for([
    ['a moment ago', 0],
    ['an hour ago', hour],
    ['almost as long ago as its grace', 7 * day - 1],
  ] as const)('AWSPREVIOUS that was superseded %s is in its grace', async ([, ago]) => {
    const lastRotation = new Date(start - ago)
    const until = new Date(start - ago + 7 * day).toISOString()
    await expect(next({ lastRotation, previous: stored(adopted) })).rejects.toMatchObject({
      code: 'ERR_PREVIOUS_IN_GRACE',
      retryable: true,
      message: expect.stringContaining(until),
    })
  })

  test('nothing is retired where there is no AWSPREVIOUS', async () => {
    await expect(next({ lastRotation: new Date(start) })).resolves.toBeUndefined()
  })

  test('nothing is retired where AWSPREVIOUS and AWSCURRENT are one credential', async () => {
    const same = { lastRotation: new Date(start), previous: stored(ours) }
    await expect(next(same)).resolves.toBeUndefined()
  })

  test.for([
    ['where the policy does not say so', { policy: {} }],
    ['where there is a scheduler, whose schedule stands', { scheduler: true }],
  ] as const)('nobody looks for AWSPREVIOUS %s', async ([, given]) => {
    const { rotation } = rotationWith({ scheduler: false, policy, ...given })
    const looking = { ...rotation, previous: nobody }
    await expect(retireAtNextRotation({ rotation: looking, current: stored(ours) })).resolves.toBeUndefined()
  })
})
