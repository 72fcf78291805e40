import { describe, expect, test } from 'vitest'
import { allowedOrigin, originOf } from '../../lambdas/credentials/base-url.ts'
import { isCode } from '../../lambdas/errors.ts'

const allowed = ['https://api.dfns.io', 'https://api.uae.dfns.io', 'http://127.0.0.1:8080']
const at = (baseUrl: string, names: readonly string[] = allowed) =>
  allowedOrigin({ baseUrl, allowed: names, on: 'AWSCURRENT of x' })

function refusalOf(baseUrl: string, names?: readonly string[]): unknown {
  try {
    return at(baseUrl, names)
  } catch (error) {
    return error
  }
}

describe('is an origin', () => {
  test.for([
    ['https://api.dfns.io', 'https://api.dfns.io'],
    ['https://api.dfns.io/', 'https://api.dfns.io'],
    ['HTTPS://API.DFNS.IO', 'https://api.dfns.io'],
    ['https://api.dfns.io:443', 'https://api.dfns.io'],
    ['https://api.dfns.io:8443', 'https://api.dfns.io:8443'],
    ['https://[2001:db8::1]', 'https://[2001:db8::1]'],
    ['https://[2001:DB8:0::1]:444/', 'https://[2001:db8::1]:444'],
    ['http://127.0.0.1:8080', 'http://127.0.0.1:8080'],
    ['http://127.1.2.3', 'http://127.1.2.3'],
    ['http://localhost:80', 'http://localhost'],
    ['http://LOCALHOST:1', 'http://localhost:1'],
    ['http://[::1]:9', 'http://[::1]:9'],
    ['http://[0:0:0:0:0:0:0:1]', 'http://[::1]'],
  ] as const)('%s', ([address, origin]) => {
    expect(originOf(address)).toBe(origin)
  })
})

const tricks: readonly (readonly [string, string])[] = [
  ['nothing', ''],
  ['a blank', ' '],
  ['no scheme', 'api.dfns.io'],
  ['no scheme, two slashes', '//api.dfns.io'],
  ['no host', 'https://'],
  ['only a port', 'https://:443'],
  ['a user', 'https://user@api.dfns.io'],
  ['a user that looks like the host', 'https://api.dfns.io@evil.example'],
  ['a user and a password', 'https://a:b@api.dfns.io'],
  ['an empty user', 'https://@api.dfns.io'],
  ['an empty user and password', 'https://:@api.dfns.io'],
  ['a user behind a percent sign', 'https://api.dfns.io%40evil.example'],
  ['a path', 'https://api.dfns.io/v1'],
  ['a path of an encoded slash', 'https://api.dfns.io/%2f'],
  ['two slashes', 'https://api.dfns.io//'],
  ['a path of parameters', 'https://api.dfns.io/;x'],
  ['a query', 'https://api.dfns.io?x=1'],
  ['an empty query', 'https://api.dfns.io/?'],
  ['a fragment', 'https://api.dfns.io#x'],
  ['an empty fragment', 'https://api.dfns.io/#'],
  ['a fragment before an at sign', 'https://evil.example#@api.dfns.io'],
  ['a query before an at sign', 'https://evil.example?@api.dfns.io'],
  ['a backslash for a slash', 'https:\\\\api.dfns.io'],
  ['a backslash before an at sign', 'https://evil.example\\@api.dfns.io'],
  ['a backslash at the end', 'https://api.dfns.io\\'],
  ['a blank before', ' https://api.dfns.io'],
  ['a blank after', 'https://api.dfns.io '],
  ['a blank inside', 'https://api. dfns.io'],
  ['a tab, which URL drops', 'https://api.df\tns.io'],
  ['a newline, which URL drops', 'https://api.dfns.io\n'],
  ['a carriage return, which URL drops', 'ht\rtps://api.dfns.io'],
  ['a no-break space', 'https://api.dfns.io\u00a0'],
  ['a line separator', 'https://api.dfns.io\u2028'],
  ['NUL inside', 'https://api.df\0ns.io'],
  ['DEL inside', 'https://api.df\u007fns.io'],
  ['a percent-encoded NUL', 'https://api.dfns.io%00'],
  ['a bad port', 'https://api.dfns.io:99999'],
  ['a port that is no number', 'https://api.dfns.io:https'],
  ['an open bracket', 'https://[::1'],
  ['a zone', 'https://[fe80::1%25eth0]'],
  ['ftp', 'ftp://api.dfns.io'],
  ['file', 'file:///etc/hosts'],
  ['data', 'data:text/plain,x'],
  ['javascript', 'javascript:alert(1)'],
  ['blob', 'blob:https://api.dfns.io/1'],
  ['ws', 'ws://127.0.0.1'],
  ['wss', 'wss://api.dfns.io'],
  ['an unknown scheme', 'dfns://api.dfns.io'],
  ['a scheme with a plus', 'https+unix://api.dfns.io'],
  ['two schemes', 'https://https://api.dfns.io'],
  ['http to Dfns', 'http://api.dfns.io'],
  ['http to Dfns on the port of https', 'http://api.dfns.io:443'],
  ['http to the metadata service', 'http://169.254.169.254'],
  ['http to the metadata service in decimal', 'http://2852039166'],
  ['http to the metadata service in hex', 'http://0xa9fea9fe'],
  ['http to the metadata service in octal', 'http://0251.0376.0251.0376'],
  ['http to the metadata service, short', 'http://169.254.43518'],
  ['http to the metadata service in IPv6', 'http://[fd00:ec2::254]'],
  ['http to the metadata service, mapped', 'http://[::ffff:169.254.169.254]'],
  ['http to the container credentials', 'http://169.254.170.2'],
  ['http to every address', 'http://0.0.0.0'],
  ['http to every address in IPv6', 'http://[::]'],
  ['http to zero', 'http://0'],
  ['http to a private network', 'http://10.0.0.1'],
  ['http to loopback, mapped', 'http://[::ffff:127.0.0.1]'],
  ['http to a name that begins like loopback', 'http://127.0.0.1.evil.example'],
  ['http to a name that begins with localhost', 'http://localhost.evil.example'],
  ['http to a name that ends with localhost', 'http://evil-localhost'],
  ['http to a name below localhost', 'http://evil.localhost'],
  ['http to localhost with a dot', 'http://localhost.'],
  ['http to no IPv4', 'http://127.0.0.256'],
  ['http with loopback as the user', 'http://127.0.0.1@evil.example'],
]

describe('is no origin', () => {
  test.for(tricks)('%s', ([, address]) => {
    expect(originOf(address)).toBeUndefined()
  })

  test.for(tricks)('and is refused although the policy spells it the same way: %s', ([, address]) => {
    expect(isCode(refusalOf(address, [address]), 'ERR_BASE_URL')).toBe(true)
  })
})

describe('is allowed', () => {
  test.for([
    ['as the policy spells it', 'https://api.dfns.io', 'https://api.dfns.io'],
    ['the second one', 'https://api.uae.dfns.io', 'https://api.uae.dfns.io'],
    ['in upper case', 'HTTPS://API.DFNS.IO', 'https://api.dfns.io'],
    ['with the default port', 'https://api.dfns.io:443/', 'https://api.dfns.io'],
    ['loopback that the policy names', 'http://127.0.0.1:8080', 'http://127.0.0.1:8080'],
    ['the same loopback in decimal', 'http://2130706433:8080', 'http://127.0.0.1:8080'],
    ['the same loopback in hex', 'http://0x7f.1:8080', 'http://127.0.0.1:8080'],
    ['the same loopback, short', 'http://127.1:8080', 'http://127.0.0.1:8080'],
  ] as const)('%s', ([, baseUrl, origin]) => {
    expect(at(baseUrl)).toBe(origin)
  })

  test('however the policy spells it', () => {
    expect(at('https://api.dfns.io', ['HTTPS://API.dfns.IO:443/'])).toBe('https://api.dfns.io')
  })
})

describe('is an origin, but not one that the policy names', () => {
  test.for([
    ['another host', 'https://evil.example'],
    ['a name that begins with ours', 'https://api.dfns.io.evil.example'],
    ['a name that ends with ours', 'https://evil-api.dfns.io'],
    ['a name below ours', 'https://x.api.dfns.io'],
    ['a name above ours', 'https://dfns.io'],
    ['a trailing dot', 'https://api.dfns.io.'],
    ['another port', 'https://api.dfns.io:8443'],
    ['the port of http', 'https://api.dfns.io:80'],
    ['a Cyrillic а', 'https://\u0430pi.dfns.io'],
    ['a Latin ı without a dot', 'https://ap\u0131.dfns.io'],
    ['a soft hyphen’s neighbour: a hyphen', 'https://api-dfns.io'],
    ['staging', 'https://api.dfns.ninja'],
    ['https to the metadata service', 'https://169.254.169.254'],
    ['https to loopback', 'https://127.0.0.1:8080'],
    ['loopback on another port', 'http://127.0.0.1:8081'],
    ['loopback by name', 'http://localhost:8080'],
    ['loopback in IPv6', 'http://[::1]:8080'],
    ['another loopback address', 'http://127.0.0.2:8080'],
  ] as const)('%s', ([, baseUrl]) => {
    expect(refusalOf(baseUrl)).toMatchObject({ code: 'ERR_BASE_URL', retryable: false })
  })

  test('loopback, where the policy names none', () => {
    expect(refusalOf('http://127.0.0.1:8080', ['https://api.dfns.io'])).toMatchObject({
      code: 'ERR_BASE_URL',
    })
  })

  test('any, where the policy names nothing', () => {
    expect(refusalOf('https://api.dfns.io', [])).toMatchObject({ code: 'ERR_BASE_URL' })
  })

  test('a policy’s entry that is no origin allows nothing', () => {
    const entry = 'https://api.dfns.io/v1'
    expect(refusalOf('https://api.dfns.io', [entry])).toMatchObject({ code: 'ERR_BASE_URL' })
  })
})

test('the error names the field and the secret, never the address', () => {
  expect(refusalOf('https://user:hunter2@evil.example/x')).toMatchObject({
    message: expect.stringMatching(/^AWSCURRENT of x: baseUrl (?!.*(hunter2|evil))/),
  })
})
