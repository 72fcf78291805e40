import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { readAttestation } from '../../../sandbox/dfns/attestation-statements.ts'
import { readAuthenticatorData } from '../../../sandbox/dfns/authenticator-data.ts'
import { decodeCbor } from '../../../sandbox/dfns/cbor.ts'
import { SignatureError } from '../../../sandbox/dfns/signatures.ts'
import { assert, attest, type Cbor, encodeCbor, newPasskey } from '../../support/authenticator.ts'
import { createPasskeyWorld, origin } from './passkey-world.ts'

const passkey = newPasskey()
const right = attest({ passkey, challenge: 'Y2g', origin, rpId: 'example.com', format: 'packed' })
const object = Buffer.from(right.attestationData, 'base64url')
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest()
const base64url = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64url')

const anyCbor = fc.letrec<{ item: Cbor }>((tie) => ({
  item: fc.oneof(
    { maxDepth: 5 },
    fc.integer({ min: -0xffffffff, max: 0xffffffff }),
    fc.string({ unit: 'grapheme' }),
    fc.boolean(),
    fc.constant(null),
    fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
    fc.array(tie('item'), { maxLength: 4 }),
    fc
      .uniqueArray(fc.tuple(fc.oneof(fc.integer({ min: -300, max: 300 }), fc.string()), tie('item')), {
        selector: ([key]) => key,
        maxLength: 4,
      })
      .map((pairs) => new Map<number | string, Cbor>(pairs)),
  ),
})).item

/** Right bytes that are cut, or in which some bytes are others, or that something follows. */
const damaged = (bytes: Buffer) =>
  fc
    .record({
      changes: fc.array(fc.tuple(fc.nat({ max: bytes.length - 1 }), fc.nat({ max: 255 })), { maxLength: 4 }),
      length: fc.oneof(fc.constant(bytes.length), fc.nat({ max: bytes.length })),
      tail: fc.uint8Array({ maxLength: 8 }),
    })
    .map(({ changes, length, tail }) => {
      const copy = Buffer.from(bytes)
      for (const [at, value] of changes) copy[at] = value
      return Buffer.concat([copy.subarray(0, length), tail])
    })

/** What is thrown, if anything; another error than a refusal fails the test. */
function refusal(read: () => unknown): SignatureError | undefined {
  try {
    read()
    return undefined
  } catch (error) {
    if (error instanceof SignatureError) return error
    throw error
  }
}

test('what the encoder writes the decoder reads, whole', () => {
  fc.assert(
    fc.property(anyCbor, (value) => {
      const bytes = encodeCbor(value)
      expect(decodeCbor(bytes)).toEqual({ value, length: bytes.length })
    }),
  )
})

test('no bytes make the readers throw anything but a refusal', () => {
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 400 }).map((some) => Buffer.from(some)),
    anyCbor.map(encodeCbor),
    damaged(object),
    damaged(object.subarray(-200)),
  )
  fc.assert(
    fc.property(bytes, (some) => {
      refusal(() => decodeCbor(some))
      refusal(() => readAuthenticatorData(some))
      refusal(() =>
        readAttestation({ attestationObject: some, clientDataHash: Buffer.alloc(32), others: 'unproven' }),
      )
    }),
    { numRuns: 1_000 },
  )
})

test('an attestation that was touched anywhere is not one any more', () => {
  const clientData = Buffer.from(right.clientData, 'base64url')
  const read = (attestationObject: Buffer) =>
    readAttestation({ attestationObject, clientDataHash: sha256(clientData), others: 'refuse' })
  expect(read(object).attested.credentialId).toEqual(passkey.id)
  fc.assert(
    fc.property(fc.nat({ max: object.length - 1 }), fc.integer({ min: 1, max: 255 }), (at, change) => {
      const touched = Buffer.from(object)
      touched[at] = (touched[at] ?? 0) ^ change
      expect(refusal(() => read(touched))).toBeDefined()
    }),
    { numRuns: 500 },
  )
})

const junk = fc.oneof(
  fc.string(),
  fc.constant(undefined),
  fc.integer(),
  fc.uint8Array({ maxLength: 300 }).map(base64url),
  fc.json().map((text) => base64url(Buffer.from(text))),
  damaged(object).map(base64url),
)

test('whatever is sent in the place of a passkey is refused, and the one that is there still signs', async () => {
  const { init, session, person, signed, registration, begin, post, login, list } = createPasskeyWorld({
    rateLimit: 1_000_000,
  })
  const as = await session(person)
  const parts = fc.record({ clientData: junk, attestationData: junk, credId: junk }, { requiredKeys: [] })
  await fc.assert(
    fc.asyncProperty(parts, async (wrong) => {
      if (Object.keys(wrong).length === 0) return
      const body = registration(await init(as), { passkey })
      const credentialInfo = { ...body.credentialInfo, ...wrong }
      const call = { ...person, as, method: 'POST', path: '/auth/credentials' }
      expect((await signed({ ...call, body: { ...body, credentialInfo } })).status).toBe(400)
    }),
    { numRuns: 60 },
  )
  const fields = ['clientData', 'authenticatorData', 'signature', 'userHandle'] as const
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...fields), junk, async (field, value) => {
      const { challenge, challengeIdentifier } = (await begin()).json
      const made = assert({ ...person, challenge, origin, rpId: 'example.com', userHandle: person.userId })
      fc.pre(value !== made[field] && !(field === 'userHandle' && value === undefined))
      const firstFactor = { kind: 'Fido2', credentialAssertion: { ...made, [field]: value } }
      const { status } = await post('/auth/login', { challengeIdentifier, firstFactor })
      expect([400, 401]).toContain(status)
    }),
    { numRuns: 120 },
  )
  expect((await login(person)).status).toBe(200)
  expect((await list(as)).json.items).toHaveLength(1)
})
