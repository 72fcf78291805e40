import { createHash, createPublicKey, verify } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { readAttestation } from '../../../sandbox/dfns/attestation-statements.ts'
import { readAuthenticatorData } from '../../../sandbox/dfns/authenticator-data.ts'
import { asBytes, asMap, type CborValue, decodeCbor, decodeCborMap } from '../../../sandbox/dfns/cbor.ts'
import { verifyPasskeyAssertion, verifyPasskeyAttestation } from '../../../sandbox/dfns/passkeys.ts'
import { type Cbor, encodeCbor } from '../../support/authenticator.ts'
import { ofChromium, ofDfnsDocuments, ofOldSecurityKey, ofW3c } from './passkey-vectors.ts'

const sha256 = (bytes: Uint8Array | string) => createHash('sha256').update(bytes).digest()
const hex = (text: string) => Buffer.from(text, 'hex')

describe.each(ofChromium)('Chromium’s $of', (vector) => {
  const where = { relyingParties: [{ id: vector.rpId, origins: '*' }] } as const
  const { challenge, credId: credentialId, attestationData, clientData } = vector
  const made = () =>
    verifyPasskeyAttestation({
      ...where,
      challenge,
      credentialId,
      attestationData,
      clientData,
      otherAttestations: 'refuse',
    })

  test('registers, with the key that the browser itself tells', () => {
    const { publicKey, ...rest } = made()
    const spki = createPublicKey(publicKey).export({ type: 'spki', format: 'der' }).toString('base64url')
    expect(spki).toBe(vector.spki)
    expect(rest).toEqual({
      relyingPartyId: 'example.com',
      origin: 'https://app.example.com',
      aaguid: expect.stringMatching(/^(01020304050607080102030405060708|0{32})$/) as string,
      signCount: 1,
    })
  })

  test('signs, once', () => {
    const { publicKey, ...passkey } = made()
    const assertion = {
      ...where,
      ...vector.assertion,
      challenge,
      publicKey,
      signCounter: 'enforced',
    } as const
    const { signCount } = verifyPasskeyAssertion({ ...assertion, passkey })
    expect(signCount).toBeGreaterThan(1)
    expect(() => verifyPasskeyAssertion({ ...assertion, passkey: { ...passkey, signCount } })).toThrow(
      'the signature counter has not grown',
    )
  })

  test.each(['clientData', 'authenticatorData', 'signature'] as const)('does not sign another %s', (part) => {
    const { publicKey, ...passkey } = made()
    const bytes = Buffer.from(vector.assertion[part], 'base64url')
    const last = bytes.length - (part === 'clientData' ? 20 : 1)
    bytes[last] = (bytes[last] ?? 0) ^ 1
    const changed = { ...vector.assertion, [part]: bytes.toString('base64url') }
    const assertion = {
      ...where,
      ...changed,
      challenge,
      publicKey,
      passkey,
      signCounter: 'enforced',
    } as const
    expect(() => verifyPasskeyAssertion(assertion)).toThrow(/match|challenge|origin|JSON|frame/)
  })
})

test('a certificate’s signature is over the client data, too', () => {
  const { attestationData, challenge, credId: credentialId, clientData } = ofChromium[0]
  const sent = { challenge, credentialId, attestationData, otherAttestations: 'refuse' } as const
  const other = { ...JSON.parse(Buffer.from(clientData, 'base64url').toString()), extra: 1 } as object
  const changed = Buffer.from(JSON.stringify(other)).toString('base64url')
  const relyingParties = [{ id: 'example.com', origins: '*' }] as const
  expect(() => verifyPasskeyAttestation({ ...sent, relyingParties, clientData: changed })).toThrow(
    'the signature of the attestation does not match',
  )
})

test('a certificate signs with the algorithm that the statement names', () => {
  const { attestationData, clientData } = ofChromium[0]
  const object = decodeCborMap(Buffer.from(attestationData, 'base64url'))
  const read = (alg: number) => {
    const named = new Map([...asMap(object.get('attStmt')), ['alg', alg]])
    const attestationObject = encodeCbor(new Map([...object, ['attStmt', named]]) as Cbor)
    const clientDataHash = sha256(Buffer.from(clientData, 'base64url'))
    return () => readAttestation({ attestationObject, clientDataHash, others: 'refuse' })
  }
  expect(read(-7)).not.toThrow()
  for (const other of [-8, -257])
    expect(read(other)).toThrow('the signature of the attestation does not match')
})

describe.each(ofW3c)('WebAuthn Level 3, $of', (vector) => {
  const attestation = () =>
    readAttestation({
      attestationObject: hex(vector.attestationObject),
      clientDataHash: sha256(hex(vector.clientData)),
      others: 'refuse',
    })

  test('is read as the specification has it', () => {
    const { attested, rpIdHash, userPresent, signCount } = attestation()
    expect(attested.credentialId.toString('hex')).toBe(vector.credentialId)
    expect([userPresent, signCount]).toEqual([true, 0])
    expect(rpIdHash).toEqual(sha256('example.org'))
  })

  test('has a key for which the specification’s signature holds', () => {
    const { authenticatorData, clientData, signature } = vector.assertion
    expect(readAuthenticatorData(hex(authenticatorData)).attested).toBeUndefined()
    const signed = Buffer.concat([hex(authenticatorData), sha256(hex(clientData))])
    const { publicKey, algorithm } = attestation().attested
    expect(verify(algorithm === -8 ? null : 'sha256', signed, publicKey, hex(signature))).toBe(true)
  })
})

test('an old security key’s attestation is refused, or read without a look at its statement', () => {
  const sent = {
    attestationObject: hex(ofOldSecurityKey.attestationObject),
    clientDataHash: Buffer.alloc(32),
  }
  expect(() => readAttestation({ ...sent, others: 'refuse' })).toThrow(
    'the format of the attestation is not supported',
  )
  const { attested } = readAttestation({ ...sent, others: 'unproven' })
  expect(attested.credentialId.toString('hex')).toBe(ofOldSecurityKey.credentialId)
})

test('the attestation of Dfns’s documents is read as they decode it', () => {
  const object = decodeCborMap(Buffer.from(ofDfnsDocuments, 'base64url'))
  expect(object.get('fmt')).toBe('packed')
  expect(asMap(object.get('attStmt')).get('alg')).toBe(-7)
  const { attested, ...data } = readAuthenticatorData(asBytes(object.get('authData')))
  expect(data).toEqual({
    rpIdHash: Buffer.from('tP0s4DAIslfywtetyFg4YfWUmc3GcqHTevk0O6OswiY=', 'base64'),
    userPresent: true,
    userVerified: true,
    signCount: 1,
  })
  expect(attested?.aaguid).toBe('ee882879721c491397753dfcce97072a')
  expect(attested?.credentialId.toString('base64')).toBe(
    'SY+qA9GPHfXZjCHiB7HtOBYvATaRZE0UawGiaU4u4Yhx6qhJeBvIBcmCSwmz/z+e',
  )
  const { x, y } = createPublicKey(attested?.publicKey ?? '').export({ format: 'jwk' })
  expect([x, y].map((part) => Buffer.from(part ?? '', 'base64url').toString('base64'))).toEqual([
    'SY+qA9GPHfXZjCHiBwklIMCq+hSqmsrToTcRGZxqDmI=',
    '8bMVPIeg9537Kx6PtbCRpofJ2Rq1ibPSsieTLZPPKIo=',
  ])
})

describe('CBOR', () => {
  // Examples of RFC 8949, appendix A, as far as the subset goes.
  test.each<readonly [string, CborValue]>([
    ['00', 0],
    ['17', 23],
    ['1818', 24],
    ['1903e8', 1000],
    ['1a000f4240', 1_000_000],
    ['1affffffff', 4_294_967_295],
    ['20', -1],
    ['3863', -100],
    ['3903e7', -1000],
    ['f4', false],
    ['f5', true],
    ['f6', null],
    ['4401020304', Buffer.from([1, 2, 3, 4])],
    ['60', ''],
    ['62c3bc', 'ü'],
    ['64f0908591', '\u{10151}'],
    ['83010203', [1, 2, 3]],
    ['8301820203820405', [1, [2, 3], [4, 5]]],
    [
      'a201020304',
      new Map([
        [1, 2],
        [3, 4],
      ]),
    ],
    [
      'a26161016162820203',
      new Map<string, CborValue>([
        ['a', 1],
        ['b', [2, 3]],
      ]),
    ],
  ])('%s is read', (text, value) => {
    expect(decodeCbor(hex(text))).toEqual({ value, length: text.length / 2 })
  })

  test.each([
    ['nothing', ''],
    ['a number that is cut', '19ff'],
    ['bytes that are cut', '4201'],
    ['a list that is cut', '8201'],
    ['a map that is cut', 'a101'],
    ['a count that nothing could hold', '9affffffff'],
    ['a map’s count that nothing could hold', 'baffffffff'],
    ['a number that is longer than it need be', '1817'],
    ['a length that is longer than it need be', '590001aa'],
    ['a count that is longer than it need be', '9a0000000101'],
    ['a number in two bytes that one could hold', '1900ff'],
    ['a number in four bytes that two could hold', '1a0000ffff'],
    ['a number of eight bytes', '1b000000e8d4a51000'],
    ['bytes of no definite length', '5f42010243030405ff'],
    ['a list of no definite length', '9f01ff'],
    ['a reserved head', '1c'],
    ['a tag', 'c11a514b67b0'],
    ['a floating-point number', 'f93c00'],
    ['undefined', 'f7'],
    ['a break', 'ff'],
    ['a text that is not UTF-8', '61ff'],
    ['a key twice', 'a201020103'],
    ['a key that is a list', 'a18001'],
  ])('%s is refused', (_, text) => {
    expect(() => decodeCbor(hex(text))).toThrow(/^malformed CBOR: /)
  })

  test('eight levels are read, nine are not', () => {
    const nested = (levels: number) => Buffer.concat([Buffer.alloc(levels - 1, 0x81), encodeCbor([])])
    expect(decodeCbor(nested(8)).length).toBe(8)
    expect(() => decodeCbor(nested(9))).toThrow('malformed CBOR: nested too deep')
  })

  test('one map is read, and no byte more', () => {
    expect(decodeCborMap(hex('a10102'))).toEqual(new Map([[1, 2]]))
    expect(() => decodeCborMap(hex('a1010200'))).toThrow('bytes are left over')
  })
})
