import { generateKeyPairSync } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import {
  attest,
  type Cbor,
  copyOf,
  type Creation,
  encodeCbor,
  newPasskey,
} from '../../support/authenticator.ts'
import { type At, createPasskeyWorld, elsewhere, origin, said } from './passkey-world.ts'
import { attestation, base64url, newKey } from './world.ts'

async function setUp() {
  const world = createPasskeyWorld()
  const as = await world.session(world.person)
  const register = (made: Partial<Creation> & { passkey?: At['passkey']; change?: object } = {}) =>
    world.register({ passkey: newPasskey(), ...made, as, by: world.person })
  return { ...world, world, as, register }
}

test('the challenge carries every documented field of a Fido2', async () => {
  const { init, as, person } = await setUp()
  const { status, json } = await init(as)
  expect(status).toBe(200)
  expect(json).toEqual({
    kind: 'Fido2',
    user: { id: person.userId, displayName: 'Ada Lovelace', name: 'Ada Lovelace' },
    challenge: expect.stringMatching(/^[\w-]{43}$/) as string,
    challengeIdentifier: expect.stringMatching(/^[\w-]+\.[\w-]+\.[\w-]+$/) as string,
    temporaryAuthenticationToken: json.challengeIdentifier,
    rp: { id: 'dfns.io', name: 'Dfns' },
    attestation: 'direct',
    pubKeyCredParams: [-7, -8, -257].map((alg) => ({ type: 'public-key', alg })),
    authenticatorSelection: {
      residentKey: 'required',
      requireResidentKey: true,
      userVerification: 'required',
    },
    excludeCredentials: [{ type: 'public-key', id: person.passkey.credId }],
  })
})

describe.each(['ES256', 'EdDSA', 'RS256'] as const)('a passkey of %s', (algorithm) => {
  test.each(['none', 'packed'] as const)('is registered with attestation %s, and signs', async (format) => {
    const { register, as, set, person, list } = await setUp()
    const passkey = newPasskey(algorithm)
    passkey.signCount = 4
    const { status, json } = await register({ passkey, format })
    expect(status).toBe(200)
    const shown = {
      kind: 'Fido2',
      credentialId: passkey.credId,
      credentialUuid: expect.stringMatching(/^cr-/) as string,
      dateCreated: '2026-01-01T00:00:00.000Z',
      isActive: true,
      name: 'next',
      publicKey: expect.stringMatching(/^SHA256:[\w+/]{43}$/) as string,
      relyingPartyId: 'example.com',
      origin,
    }
    expect(json).toEqual(shown)
    expect((await list(as)).json.items.at(-1)).toEqual(json)
    const done = await set({ as, passkey, active: false, credentialUuid: person.credentialUuid })
    expect([done.status, done.json]).toEqual([200, { message: 'success' }])
  })
})

test('an authenticator’s extensions and backup flags are taken', async () => {
  const { register } = await setUp()
  const tail = encodeCbor(new Map<string, Cbor>([['credProtect', 2]]))
  expect((await register({ flags: 0xdd, tail })).status).toBe(200)
})

test('the origin may be any of a domain with *, and only a listed one without', async () => {
  const { register } = await setUp()
  const at = async (place: { origin: string; rpId: string }) => (await register(place)).status
  expect(await at({ origin: 'https://example.com', rpId: 'example.com' })).toBe(200)
  expect(await at({ origin: 'https://a.b.example.com:8443', rpId: 'example.com' })).toBe(200)
  expect(await at({ origin: elsewhere, rpId: 'example.org' })).toBe(200)
  expect(await at({ origin: 'https://www.example.org', rpId: 'example.org' })).toBe(400)
})

test('http is an origin of localhost alone', async () => {
  const { register, dfns, orgId } = await setUp()
  const set = (id: string) =>
    dfns.setRelyingParties({
      orgId,
      relyingParties: [
        { id: 'example.com', origins: '*' },
        { id, origins: '*' },
      ],
    })
  set('localhost')
  expect((await register({ origin: 'http://localhost:8080', rpId: 'localhost' })).status).toBe(200)
  expect((await register({ origin: 'http://old.localhost:8080', rpId: 'localhost' })).status).toBe(200)
  expect((await register({ origin: 'http://app.example.com', rpId: 'example.com' })).status).toBe(400)
})

describe('a registration is refused', () => {
  const invalid = (what: string) => [400, `Invalid credential: ${what}`]
  const notOfOrganisation = 'the origin is not one of the organisation'
  const pairs = (...changed: [number, Cbor][]) =>
    new Map<number | string, Cbor>([...newPasskey().cose, ...changed])
  const without = (label: number) => new Map([...newPasskey().cose].filter(([key]) => key !== label))
  const packed =
    (...statement: [string, Cbor][]) =>
    ({ authData }: { authData: Buffer }) =>
      new Map<string, Cbor>([
        ['fmt', 'packed'],
        ['attStmt', new Map(statement)],
        ['authData', authData],
      ])
  const named =
    (fmt: Cbor, attStmt: Cbor = new Map()) =>
    ({ authData }: { authData: Buffer }) =>
      new Map<string, Cbor>([
        ['fmt', fmt],
        ['attStmt', attStmt],
        ['authData', authData],
      ])
  const form = 'the passkey’s public key is not of its algorithm’s form'
  const cases: readonly (readonly [string, Partial<Creation>, string])[] = [
    [
      'for another type',
      { clientData: { type: 'webauthn.get' } },
      "the client data's type is not webauthn.create",
    ],
    ['for another challenge', { challenge: 'Y2g' }, 'the client data is for another challenge'],
    [
      'without a challenge',
      { clientData: { challenge: undefined } },
      'the client data is for another challenge',
    ],
    ['from another origin', { origin: 'https://app.example.net' }, notOfOrganisation],
    ['from a domain that only ends alike', { origin: 'https://badexample.com' }, notOfOrganisation],
    ['from what is no origin', { origin: 'https://app.example.com/' }, notOfOrganisation],
    ['from what is no URL', { origin: 'app.example.com' }, notOfOrganisation],
    ['without an origin', { clientData: { origin: undefined } }, 'the client data has no origin'],
    [
      'from a frame',
      { clientData: { crossOrigin: true } },
      'the client data is from a frame of another origin',
    ],
    [
      'from a frame of a page that is named',
      { clientData: { topOrigin: 'https://example.net' } },
      'the client data is from a frame of another origin',
    ],
    [
      'for a relying party of another origin',
      { rpId: 'example.org' },
      'the relying party is not one of the origin',
    ],
    [
      'for a subdomain as relying party',
      { rpId: 'app.example.com' },
      'the relying party is not one of the origin',
    ],
    ['when nobody was present', { flags: 0x44 }, 'nobody was present'],
    ['when nobody was verified', { flags: 0x41 }, 'the person was not verified'],
    ['without a passkey in it', { flags: 0x05 }, 'the attestation names no passkey'],
    [
      'when backed up what may not be',
      { flags: 0x55 },
      'malformed authenticator data: backed up what may not be',
    ],
    [
      'with bytes behind its parts',
      { tail: Buffer.from([0xa0]) },
      'malformed authenticator data: bytes are left over',
    ],
    ['without the extensions that it promises', { flags: 0xc5 }, 'malformed CBOR: cut short'],
    [
      'with extensions that are no map',
      { flags: 0xc5, tail: Buffer.from([0x80]) },
      'malformed CBOR: a map is missing',
    ],
    [
      'with a credential id of no byte',
      { idLength: 0 },
      'malformed authenticator data: the credential id’s length',
    ],
    [
      'with a credential id of 1024 bytes',
      { idLength: 1024, tail: Buffer.alloc(2048) },
      'malformed authenticator data: the credential id’s length',
    ],
    [
      'with an algorithm that was not offered',
      { cose: pairs([3, -47]) },
      'the algorithm of the passkey is not supported',
    ],
    ['with another curve', { cose: pairs([-1, 2]) }, form],
    ['with another type of key', { cose: pairs([1, 1]) }, form],
    ['with half a point', { cose: without(-3) }, form],
    ['with a private key', { cose: pairs([-4, Buffer.alloc(32)]) }, form],
    [
      'with a short coordinate',
      { cose: pairs([-2, Buffer.alloc(31)]) },
      'a part of the passkey’s public key is of another length',
    ],
    [
      'with a coordinate that is no bytes',
      { cose: pairs([-2, 'x']) },
      'malformed CBOR: a byte string is missing',
    ],
    [
      'with a point beside the curve',
      { cose: pairs([-2, Buffer.alloc(32, 1)], [-3, Buffer.alloc(32, 1)]) },
      'the passkey’s public key cannot be read',
    ],
    ['with a key that is no map', { cose: 1 }, 'malformed CBOR: a map is missing'],
    ['with an object that is no map', { object: () => [] }, 'malformed CBOR: a map is missing'],
    [
      'with an object and more',
      { object: () => ({ raw: Buffer.from([0xa0, 0]) }) },
      'malformed CBOR: bytes are left over',
    ],
    [
      'without authenticator data',
      { object: () => new Map([['fmt', 'none']]) },
      'malformed CBOR: a byte string is missing',
    ],
    [
      'with short authenticator data',
      { object: () => new Map<string, Cbor>([['authData', Buffer.alloc(36)]]) },
      'malformed authenticator data: cut short',
    ],
    [
      'without a statement',
      {
        object: ({ authData }) =>
          new Map<string, Cbor>([
            ['fmt', 'none'],
            ['authData', authData],
          ]),
      },
      'malformed CBOR: a map is missing',
    ],
    ['without a format', { object: named(1) }, 'the attestation has no format'],
    [
      'with a statement for none',
      { object: named('none', new Map([['alg', -7]])) },
      'the attestation none has a statement',
    ],
    [
      'in a format that is not verified',
      { object: named('tpm') },
      'the format of the attestation is not supported',
    ],
    [
      'with packed of no algorithm',
      { object: packed() },
      'the algorithm of the attestation is not supported',
    ],
    [
      'with packed of another algorithm',
      { object: packed(['alg', -8], ['sig', Buffer.alloc(64)]) },
      'the attestation is of another algorithm than its passkey',
    ],
    [
      'with packed without a signature',
      { object: packed(['alg', -7]) },
      'malformed CBOR: a byte string is missing',
    ],
    [
      'with packed and another signature',
      { object: packed(['alg', -7], ['sig', Buffer.alloc(70, 1)]) },
      'the signature of the attestation does not match',
    ],
    [
      'with packed and no certificate',
      { object: packed(['alg', -7], ['x5c', []]) },
      'the attestation’s certificates are missing',
    ],
    [
      'with packed and certificates that are no list',
      { object: packed(['alg', -7], ['x5c', 1]) },
      'the attestation’s certificates are no list',
    ],
    [
      'with packed and a certificate that is none',
      { object: packed(['alg', -7], ['x5c', [Buffer.alloc(9)]]) },
      'a certificate of the attestation cannot be read',
    ],
  ]
  test.each(cases)('%s', async (_, wrong, what) => {
    const { register, list, as } = await setUp()
    expect(said(await register(wrong))).toEqual(invalid(what))
    expect((await list(as)).json.items).toHaveLength(1)
  })

  test.each([
    ['with the id of another passkey', { credId: newPasskey().credId }, 'the credId is not the passkey’s'],
    ['with an id that is not base64url', { credId: 'a+b' }, 'not base64url'],
    ['with client data that are no JSON', { clientData: base64url('{') }, 'not a JSON object'],
    ['with client data that are not base64url', { clientData: '!' }, 'not base64url'],
    ['with an attestation that is not base64url', { attestationData: '!' }, 'not base64url'],
    ['with an attestation of no byte', { attestationData: 'AA' }, 'malformed CBOR: a map is missing'],
  ])('%s', async (_, change, what) => {
    const { register } = await setUp()
    expect(said(await register({ change }))).toEqual(invalid(what))
  })

  test('of an RSA key of fewer than 2048 bits', async () => {
    const { register } = await setUp()
    const { n = '' } = generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey.export({ format: 'jwk' })
    const cose = new Map<number, Cbor>([
      [1, 3],
      [3, -257],
      [-1, Buffer.from(n, 'base64url')],
      [-2, Buffer.from([1, 0, 1])],
    ])
    expect(said(await register({ cose }))).toEqual(invalid('the kind of public key is not supported'))
  })

  test('where the organisation takes no passkeys', async () => {
    const { dfns, orgId, person, post, registration } = await setUp()
    const { code } = dfns.issueCode(person)
    const begun = await post('/auth/credentials/code/init', { code, credentialKind: 'Fido2' })
    dfns.setRelyingParties({ orgId, relyingParties: [] })
    const body = registration(begun, { passkey: newPasskey() })
    expect(said(await post('/auth/credentials/code/verify', body))).toEqual(invalid(notOfOrganisation))
  })

  test('of a passkey that is there, active or not', async () => {
    const { register, world, person, as } = await setUp()
    const passkey = newPasskey()
    expect((await register({ passkey })).status).toBe(200)
    expect((await register({ passkey })).status).toBe(409)
    await world.set({ as, passkey, active: false, credentialUuid: person.credentialUuid })
    const later = await world.session({ passkey })
    const again = { passkey: copyOf(person.passkey), as: later, by: { passkey } }
    expect((await world.register(again)).status).toBe(409)
  })

  test('of a Key for a challenge of a Fido2, and the other way round', async () => {
    const { init, registration, post, signed, as, person } = await setUp()
    const send = (body: object) => signed({ ...person, as, method: 'POST', path: '/auth/credentials', body })
    const begun = await init(as)
    const { challenge } = begun.json
    const credentialInfo = attestation({ credId: base64url('key'), key: newKey(), challenge })
    const mixed = { ...registration(begun, { passkey: newPasskey() }), credentialKind: 'Key', credentialInfo }
    expect(said(await send(mixed))).toEqual([400, 'Challenge token is not valid.'])
    const ofKey = await post('/auth/credentials/init', { kind: 'Key' }, as)
    const other = registration(ofKey, { passkey: newPasskey() })
    expect(said(await send(other))).toEqual([400, 'Challenge token is not valid.'])
  })

  test('to service accounts and PATs, which have no passkeys', async () => {
    const { post, account, user, pat } = await setUp()
    const someone = user()
    const invalidKind = [400, 'Invalid field: kind']
    expect(said(await post('/auth/credentials/init', { kind: 'Fido2' }, account()))).toEqual(invalidKind)
    expect(said(await post('/auth/credentials/init', { kind: 'Fido2' }, pat(someone)))).toEqual(invalidKind)
    expect((await post('/auth/credentials/init', { kind: 'Fido2' }, someone)).status).toBe(200)
  })
})

test('client data may hold more, and need not say that there is no frame', async () => {
  const { register } = await setUp()
  expect((await register({ clientData: { crossOrigin: undefined, extra: 'x' } })).status).toBe(200)
})

test('the signature of an attestation counts, not only its form', async () => {
  const { init, as, registration, signed, person } = await setUp()
  const begun = await init(as)
  const mine = newPasskey()
  const body = registration(begun, { passkey: mine, format: 'packed' })
  const other = attest({ passkey: mine, challenge: 'x', origin, rpId: 'example.com', format: 'packed' })
  const credentialInfo = { ...body.credentialInfo, attestationData: other.attestationData }
  const path = '/auth/credentials'
  const reply = await signed({ ...person, as, method: 'POST', path, body: { ...body, credentialInfo } })
  expect(said(reply)).toEqual([400, 'Invalid credential: the signature of the attestation does not match'])
})
