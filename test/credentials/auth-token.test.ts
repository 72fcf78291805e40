import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readAuthToken } from '../../lambdas/credentials/auth-token.ts'
import { tokenWith } from './sample.ts'

const metadata = 'https://custom/app_metadata'
const orgId = 'or-1'
const part = (text: string) => Buffer.from(text).toString('base64url')

describe('a token', () => {
  test('says its organisation, its user and when it expires', () => {
    const token = tokenWith({ exp: 1_795_312_800, [metadata]: { orgId, userId: 'us-1' } })
    expect(readAuthToken(token)).toEqual({
      orgId,
      userId: 'us-1',
      expires: new Date('2026-11-22T02:00:00Z'),
    })
  })

  test('may leave out its user and its expiry, and say more', () => {
    const token = tokenWith({ iat: 1, aud: ['x'], [metadata]: { orgId, tenantId: 'te-1' } })
    expect(readAuthToken(token)).toEqual({ orgId, userId: undefined, expires: undefined })
  })

  test('may be padded, and may be unsigned', () => {
    const claims = part(JSON.stringify({ [metadata]: { orgId } }))
    expect(readAuthToken(`e30=.${claims}==.c2ln=`)?.orgId).toBe(orgId)
    expect(readAuthToken(`e30.${claims}.`)?.orgId).toBe(orgId)
  })

  test('may expire in a part of a second, at the beginning of time, and at its end', () => {
    const at = (exp: number) => readAuthToken(tokenWith({ exp, [metadata]: { orgId } }))?.expires?.getTime()
    expect([at(1.5), at(0), at(8.64e12)]).toEqual([1_500, 0, 8.64e15])
  })
})

describe('is no Dfns token', () => {
  const good = tokenWith({ [metadata]: { orgId } })
  const [head = '', claims = '', signature = ''] = good.split('.')

  test.for([
    ['nothing', ''],
    ['a word', 'token'],
    ['two parts', `${head}.${claims}`],
    ['four parts', `${good}.x`],
    ['no header', `.${claims}.${signature}`],
    ['no claims', `${head}..${signature}`],
    ['the word Bearer before', `Bearer ${good}`],
    ['a newline after', `${good}\n`],
    ['a newline before', `\n${good}`],
    ['characters of plain base64', `${head}.${claims}.a+b/c`],
    ['claims that are no JSON', `${head}.${part('hello')}.x`],
    ['claims that are no UTF-8', `${head}.${Buffer.from([0xff, 0xfe]).toString('base64url')}.x`],
    ['claims that are a list', `${head}.${part(JSON.stringify([{ [metadata]: { orgId } }]))}.x`],
    ['claims that are null', `${head}.${part('null')}.x`],
    ['claims nested beyond reason', `${head}.${part(`{"a":${'['.repeat(99)}${']'.repeat(99)}}`)}.x`],
    ['no metadata', tokenWith({ orgId })],
    ['metadata that is null', tokenWith({ [metadata]: null })],
    ['metadata that is a string', tokenWith({ [metadata]: orgId })],
    ['no organisation', tokenWith({ [metadata]: { userId: 'us-1' } })],
    ['an organisation that is null', tokenWith({ [metadata]: { orgId: null } })],
    ['an organisation that is a number', tokenWith({ [metadata]: { orgId: 1 } })],
    ['an empty organisation', tokenWith({ [metadata]: { orgId: '' } })],
    ['an organisation with a newline', tokenWith({ [metadata]: { orgId: 'or-1\nx' } })],
    ['an organisation with a final newline', tokenWith({ [metadata]: { orgId: 'or-1\n' } })],
    ['an organisation with markup', tokenWith({ [metadata]: { orgId: '<b>' } })],
    ['an organisation of 129 characters', tokenWith({ [metadata]: { orgId: 'x'.repeat(129) } })],
    ['a user with a terminal escape', tokenWith({ [metadata]: { orgId, userId: '\u001b[2J' } })],
    ['a user that is null', tokenWith({ [metadata]: { orgId, userId: null } })],
    ['an expiry in words', tokenWith({ exp: '2026-11-22', [metadata]: { orgId } })],
    ['an expiry that is null', tokenWith({ exp: null, [metadata]: { orgId } })],
    ['an expiry before the beginning of time', tokenWith({ exp: -1, [metadata]: { orgId } })],
    ['an expiry beyond the end of time', tokenWith({ exp: 8.65e12, [metadata]: { orgId } })],
    ['metadata by way of the prototype', `${head}.${part(`{"__proto__":{"${metadata}":{"orgId":"x"}}}`)}.x`],
  ] as const)('%s', ([, token]) => {
    expect(readAuthToken(token)).toBeUndefined()
  })

  test('whatever else, and nothing is thrown', () => {
    fc.assert(fc.property(fc.string(), (token) => readAuthToken(token) === undefined))
    fc.assert(fc.property(fc.jsonValue(), (value) => readAuthToken(tokenWith(value)) === undefined))
  })
})
