import { describe, expect, test } from 'vitest'
import { pageHeaders } from '../../scripts/web/headers.ts'
import { fromBase64url, toBase64url, utf8 } from '../../web/core/bytes.ts'
import { readConfig } from '../../web/core/config.ts'
import { createSend } from '../../web/core/http.ts'
import { cleanLabel, markedName, readName } from '../../web/core/names.ts'
import { challenge, creationChallenge, credential, errorMessage, login } from '../../web/core/replies.ts'
import { readAddress, writeAddress } from '../../web/browser/address.ts'

const good = {
  apiUrl: 'https://api.dfns.io',
  orgId: 'or-1',
  relyingParty: { id: 'example.com', name: 'Example' },
}
const read = (value: unknown, hostname = 'passkeys.example.com') => readConfig({ value, hostname })

describe('config.json', () => {
  test('is read, and the relying party is the page’s own host unless it says another', () => {
    expect(read(good)).toEqual({ ...good, otherSites: [] })
    expect(read({ ...good, relyingParty: { name: 'Example' } }).relyingParty.id).toBe('passkeys.example.com')
  })

  test.each([
    'http://api.dfns.io',
    'https://user:secret@api.dfns.io',
    'https://api.dfns.io/v2',
    'https://api.dfns.io/?a',
    'javascript:alert(1)',
    'api.dfns.io',
    7,
  ])('names no API such as %s', (apiUrl) => {
    expect(() => read({ ...good, apiUrl })).toThrow('unreadable')
  })

  test.each(['http://localhost:3000', 'http://127.0.0.1:3000', 'http://two.localhost:3000'])(
    'may name %s, since it is this machine',
    (apiUrl) => {
      expect(read({ ...good, apiUrl }).apiUrl).toBe(apiUrl)
    },
  )

  test.each(['example.org', 'ample.com', 'a.passkeys.example.com'])(
    'names no relying party that the browser would refuse: %s',
    (id) => {
      expect(() => read({ ...good, relyingParty: { id, name: 'Example' } })).toThrow('wrong-domain')
    },
  )

  test.each([undefined, [], 'x', {}, { ...good, otherSites: [{ name: 'x', url: 'javascript:alert(1)' }] }])(
    'is refused when it is no such thing: %j',
    (value) => {
      expect(() => read(value)).toThrow('unreadable')
    },
  )
})

describe('a reply of Dfns', () => {
  const listed = {
    kind: 'Fido2',
    credentialId: 'AAAA',
    credentialUuid: 'cr-1',
    dateCreated: '2026-01-05T00:00:00.000Z',
    isActive: true,
    name: 'Laptop',
    publicKey: '',
    relyingPartyId: 'example.com',
    origin: 'https://example.com',
  }

  test('about a credential is read, whatever its kind', () => {
    expect(credential({ ...listed, kind: 'NewKind' }).kind).toBe('NewKind')
    expect(credential({ ...listed, relyingPartyId: null }).relyingPartyId).toBe('')
  })

  test.each(Object.keys(listed).filter((name) => !['publicKey', 'origin', 'relyingPartyId'].includes(name)))(
    'about a credential without its %s is not read',
    (name) => {
      expect(() => credential({ ...listed, [name]: undefined })).toThrow('unreadable')
      expect(() => credential({ ...listed, [name]: {} })).toThrow('unreadable')
    },
  )

  test.each([null, [], 'x', { challenge: 'x' }, { challenge: 'x', challengeIdentifier: 'y' }])(
    'that is no challenge is not read: %j',
    (value) => {
      expect(() => challenge(value)).toThrow('unreadable')
      expect(() => creationChallenge(value)).toThrow('unreadable')
    },
  )

  test('to a login names a token, or SSO, and its time where the token tells', () => {
    const token = (claims: string) => `a.${Buffer.from(claims).toString('base64url')}.c`
    expect(login({ ssoClientId: 'x' })).toBeUndefined()
    expect(login({ token: token('{"iat":1767571200}') })?.issuedAt).toBe(1_767_571_200_000)
    for (const other of ['opaque', token('{'), token('{"iat":"x"}'), token('[]')]) {
      expect(login({ token: other })).toEqual({ token: other, issuedAt: undefined })
    }
    expect(() => login({})).toThrow('unreadable')
  })

  test.each([
    [{ error: { message: 'a' } }, 'a'],
    [{ message: 'b', details: {} }, 'b'],
    [{ error: 'x', message: 'c' }, 'c'],
    ['<html>', ''],
    [{ error: { message: {} } }, ''],
  ])('with an error says it in one of three shapes: %j', (value, message) => {
    expect(errorMessage(value)).toBe(message)
  })
})

describe('a request to Dfns', () => {
  test('follows no redirect, sends no cookie and no referrer, and gives up after a while', async () => {
    const sent: RequestInit[] = []
    const fetch = (_url: unknown, init: RequestInit = {}) => {
      sent.push(init)
      return Promise.resolve(new Response('{}'))
    }
    const send = createSend({ apiUrl: 'https://api.dfns.io', fetch })
    await send({ method: 'GET', path: '/auth/credentials', token: 't', read: () => undefined })
    expect(sent).toMatchObject([
      {
        redirect: 'error',
        credentials: 'omit',
        referrerPolicy: 'no-referrer',
        cache: 'no-store',
        headers: { authorization: 'Bearer t' },
      },
    ])
    expect(sent[0]?.signal).toBeInstanceOf(AbortSignal)
  })

  test.each([
    [202, 'awaiting-approval'],
    [204, 'unreadable'],
    [400, 'refused'],
    [401, 'session-over'],
    [403, 'refused'],
    [409, 'already-done'],
    [429, 'throttled'],
    [500, 'failed-there'],
    [502, 'failed-there'],
  ])('that is answered %i is %s', async (status, code) => {
    const fetch = () => Promise.resolve(new Response(status === 204 ? null : 'no JSON', { status }))
    const send = createSend({ apiUrl: 'https://api.dfns.io', fetch })
    const request = { method: 'PUT', path: '/', read: () => undefined } as const
    await expect(send(request)).rejects.toMatchObject({ code, status })
  })
})

test('a list that is answered 202 is not one that awaits an approval', async () => {
  const fetch = () => Promise.resolve(new Response('{}', { status: 202 }))
  const send = createSend({ apiUrl: 'https://api.dfns.io', fetch })
  const request = { method: 'GET', path: '/', read: () => undefined } as const
  await expect(send(request)).rejects.toMatchObject({ code: 'unreadable' })
})

describe('a name', () => {
  test('carries what it replaces, and gives it back', () => {
    const name = markedName({ label: ' My  phone ', replaces: 'cr-1a2b3-4c5d6-7e8f90a1b2c3d4e5' })
    expect(readName(name)).toEqual({ label: 'My phone', replaces: 'cr-1a2b3-4c5d6-7e8f90a1b2c3d4e5' })
  })

  test('that the person wrote carries no mark of ours, and is never empty or endless', () => {
    expect(cleanLabel('Phone [replaces cr-1a2b3]')).toBe('Phone')
    expect(cleanLabel('   ')).toBe('Passkey')
    expect(cleanLabel('x'.repeat(500)).length).toBe(128)
    expect(readName('Phone [replaces something]').replaces).toBeUndefined()
  })
})

test('base64url goes there and back, and nothing else is taken for it', () => {
  for (const length of [0, 1, 2, 3, 33]) {
    const bytes = Uint8Array.from({ length }, (_, index) => 255 - index)
    expect(toBase64url(bytes)).toBe(Buffer.from(bytes).toString('base64url'))
    expect(fromBase64url(toBase64url(bytes))).toEqual(bytes)
  }
  expect(fromBase64url('_-8=')).toEqual(Uint8Array.of(255, 239))
  for (const text of ['a', 'a+b/', 'aa=a', 'é']) expect(fromBase64url(text)).toBeUndefined()
  expect([...utf8('é')]).toEqual([195, 169])
})

test('the address names the person and what to open, and nothing that opens anything', () => {
  const address = { username: 'ada+x@example.com', orgId: 'or-1', startsWith: 'redeem' } as const
  expect(readAddress(writeAddress(address))).toEqual(address)
  expect(readAddress('')).toEqual({ username: undefined, orgId: undefined, startsWith: 'sign-in' })
})

test('the headers let the page talk to the API and itself alone, run only its own script, and be framed by nobody', () => {
  const policy = pageHeaders()['Content-Security-Policy']?.split('; ')
  expect(policy).toEqual(
    expect.arrayContaining([
      "default-src 'none'",
      "script-src 'self'",
      "style-src 'self'",
      "connect-src 'self' https://api.dfns.io https://api.uae.dfns.io",
      "frame-ancestors 'none'",
      "require-trusted-types-for 'script'",
    ]),
  )
  expect(policy?.join()).not.toMatch(/unsafe|\*|data:|blob:/)
})
