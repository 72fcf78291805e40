import fc from 'fast-check'
import type { AllSettings, Documents, Events, HostileText } from './inputs.ts'
import { simulatedKinds } from '../../simulation/secrets.ts'
import { acts, type Life } from './lives.ts'
import { foreignHost, type Mangling } from './mangling.ts'
import { type Change, hostileText, type Mutation } from './mutation.ts'

const pem = `-----BEGIN PRIVATE KEY-----\n${'MC4CAQAwBQYDK2VwBCIEIA'.padEnd(64, 'A')}\n-----END PRIVATE KEY-----\n`

/** Texts that something might choke on. */
const texts = fc.oneof(
  { weight: 4, arbitrary: fc.string({ unit: 'binary', maxLength: 60 }) },
  { weight: 2, arbitrary: fc.string({ maxLength: 200 }) },
  {
    weight: 6,
    arbitrary: fc.constantFrom(
      '',
      ' ',
      '\u0000',
      '\ufeff',
      '\r\n{"level":"INFO"}',
      '\u001b[2J\u202e',
      '\ud800',
      '__proto__',
      'constructor',
      'toString',
      '../../auth/pats',
      'a/../../b?c=d#e',
      '%2e%2e%2f',
      `https://${foreignHost}/`,
      `//${foreignHost}`,
      `x@${foreignHost}`,
      '${jndi:ldap://x}',
      '<script>',
      hostileText,
      pem,
      'NaN',
      'Infinity',
      '1e999',
      '-1',
      '0',
      'null',
      '275760-09-13T00:00:00.000Z',
      '+275761-01-01T00:00:00.000Z',
      '0000-01-01T00:00:00Z',
      '9999-12-31T23:59:59.999Z',
      '1969-12-31T23:59:59.999Z',
      '2026-02-30T25:61:61Z',
      '2026-01-05',
    ),
  },
  { weight: 1, arbitrary: fc.integer({ min: 1, max: 200_000 }).map((length) => 'A'.repeat(length)) },
)

const numbers = fc.constantFrom(
  '0',
  '-0',
  '-1',
  '1',
  '0.5',
  '1e308',
  '1e999',
  '-1e999',
  '1e-400',
  '9007199254740993',
  '253402300800',
  '-62135596801',
  '8640000000001',
  '12345678901234567890',
)

/** A value as it would stand in a JSON text; now and then something that is no JSON at all. */
const rawValues: fc.Arbitrary<string> = fc.oneof(
  { weight: 8, arbitrary: texts.map((text) => JSON.stringify(text)) },
  { weight: 4, arbitrary: numbers },
  {
    weight: 6,
    arbitrary: fc.constantFrom(
      'null',
      'true',
      'false',
      '[]',
      '{}',
      '[[]]',
      '[null]',
      '[{}]',
      '[""]',
      '{"":""}',
      '{"__proto__":{"isActive":true,"polluted":true}}',
      '{"constructor":{"prototype":{"polluted":true}}}',
      '{"toString":null,"valueOf":null}',
      '{"length":9e9}',
      '{"toJSON":"x"}',
      'NaN',
      '-Infinity',
      'undefined',
      "'single'",
      '{"a":1,}',
      '',
    ),
  },
  { weight: 2, arbitrary: fc.jsonValue({ maxDepth: 3 }).map((value) => JSON.stringify(value)) },
)

const changes: fc.Arbitrary<Change> = fc.oneof(
  { weight: 4, arbitrary: fc.constant({ how: 'drop' } as const) },
  {
    weight: 2,
    arbitrary: fc.record({
      how: fc.constant('rename' as const),
      to: fc.constantFrom('__proto__', 'constructor', 'toString', 'Items', 'x', ''),
    }),
  },
  { weight: 2, arbitrary: fc.record({ how: fc.constant('double' as const), raw: rawValues }) },
  { weight: 10, arbitrary: fc.record({ how: fc.constant('put' as const), raw: rawValues }) },
  {
    weight: 1,
    arbitrary: fc.record({ how: fc.constant('many' as const), count: fc.constantFrom(0, 2, 50, 2_000) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      how: fc.constant('nest' as const),
      depth: fc.constantFrom(1, 2, 40, 1_500),
      around: fc.constantFrom('list' as const, 'object' as const),
    }),
  },
  { weight: 4, arbitrary: fc.record({ how: fc.constant('swap' as const), pick: fc.nat(99) }) },
  { weight: 3, arbitrary: fc.record({ how: fc.constant('copy' as const), from: fc.nat(999) }) },
  { weight: 2, arbitrary: fc.record({ how: fc.constant('cut' as const), at: fc.nat(999) }) },
)

const mutations: fc.Arbitrary<Mutation> = fc.record({ place: fc.nat(999), change: changes })

const bodies = fc.oneof(
  fc.constantFrom(
    '',
    ' ',
    'null',
    'true',
    '0',
    '""',
    '[]',
    '{}',
    '{}{}',
    '<!doctype html><title>502 Bad Gateway</title>',
    '\ufeff{}',
    '{"items":[]}',
    '{"__proto__":{"items":[]}}',
    '['.repeat(100_000),
    '{"a":'.repeat(50_000),
    ' '.repeat(1_048_577),
    `"${'A'.repeat(1_048_576)}"`,
    'data: {}\n\n',
  ),
  rawValues,
  fc.string({ unit: 'binary', maxLength: 300 }),
)

const statuses = [
  200, 201, 202, 203, 204, 206, 300, 304, 400, 401, 402, 403, 404, 405, 408, 409, 410,
] as const
const moreStatuses = [413, 415, 418, 422, 425, 429, 451, 499, 500, 501, 502, 503, 504, 520, 599] as const
const anyStatus = fc.constantFrom(...statuses, ...moreStatuses)

const addresses = fc.constantFrom(
  `https://${foreignHost}/`,
  `http://${foreignHost}:8080/auth/credentials`,
  `//${foreignHost}/`,
  '/auth/credentials',
  'http://169.254.169.254/latest/meta-data/',
  'file:///etc/passwd',
  'data:application/json,{}',
  '',
)

const headerValues = fc.oneof(
  fc.constantFrom(
    '0',
    '-1',
    '1',
    '59',
    '999999',
    '999999999999',
    'NaN',
    'Infinity',
    '1e9',
    'Thu, 01 Jan 1970 00:00:00 GMT',
    'Fri, 31 Dec 9999 23:59:59 GMT',
    'text/html',
    'application/x-www-form-urlencoded',
    'gzip',
    'AccessDeniedException',
    'ResourceNotFoundException',
    'ResourceExistsException',
    'InvalidParameterException',
    'ConflictException',
    'ThrottlingException:http://internal.amazon.com/',
    hostileText,
  ),
  fc.string({ maxLength: 40 }),
)

const headers: fc.Arbitrary<Mangling> = fc.record({
  what: fc.constant('header' as const),
  name: fc.constantFrom(
    'retry-after',
    'x-ratelimit-limit',
    'content-type',
    'content-encoding',
    'content-length',
    'location',
    'date',
    'x-amzn-errortype',
    'x-amzn-requestid',
  ),
  value: headerValues,
})

/** Everything that can become of a reply. */
const manglings: fc.Arbitrary<Mangling> = fc.oneof(
  { weight: 24, arbitrary: fc.record({ what: fc.constant('body' as const), mutation: mutations }) },
  { weight: 5, arbitrary: fc.record({ what: fc.constant('text' as const), text: bodies }) },
  { weight: 1, arbitrary: fc.constant({ what: 'pages' } as const) },
  { weight: 5, arbitrary: fc.record({ what: fc.constant('status' as const), status: anyStatus }) },
  {
    weight: 2,
    arbitrary: fc.record({ what: fc.constant('status' as const), status: anyStatus, text: bodies }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      what: fc.constant('redirect' as const),
      status: fc.constantFrom(301, 302, 303, 307, 308),
      to: addresses,
    }),
  },
  { weight: 3, arbitrary: headers },
  { weight: 3, arbitrary: fc.record({ what: fc.constant('echo' as const), status: anyStatus }) },
)

/** A PEM that was treated badly, as one text of a document. */
const pems = fc
  .record({
    label: fc.constantFrom('PRIVATE KEY', 'EC PRIVATE KEY', 'RSA PRIVATE KEY', 'ENCRYPTED PRIVATE KEY', 'X'),
    newline: fc.constantFrom('\n', '\r\n', '\\n', '', '\n\n', '\r'),
    lines: fc.array(fc.stringMatching(/^[A-Za-z0-9+/]{0,64}={0,2}$/), { maxLength: 6 }),
    before: fc.constantFrom('', ' ', 'Bag Attributes\n', '\ufeff'),
    isTwice: fc.boolean(),
  })
  .map(({ label, newline, lines, before, isTwice }) => {
    const block = [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`].join(newline) + newline
    return before + block + (isTwice ? block : '')
  })

const origins = fc.constantFrom(
  `https://${foreignHost}`,
  `http://${foreignHost}`,
  `http://127.0.0.1@${foreignHost}`,
  `http://127.0.0.2:80@${foreignHost}/`,
  'http://127.0.0.1:8080',
  'http://127.1',
  'http://[::1]',
  'http://[::ffff:127.0.0.1]',
  'http://localhost.',
  'http://127.0.0.1.',
  'http:\\\\127.0.0.1',
  'http://127.0.0.1\\@foreign-host.test',
  '//foreign-host.test',
  'http:foreign-host.test',
  'https://api.dfns.io',
  'https://api.dfns.io.',
  'https://аpi.dfns.io',
  'https://api.dfns.io:444',
  'https://api.dfns.io/../x',
  'https://api.dfns.io#@foreign-host.test',
  'HTTP://127.0.0.1/?',
  'ftp://127.0.0.1',
  'javascript:1',
  ' http://127.0.0.1',
  'http://127.0.0.1\t',
)

const inDocuments: fc.Arbitrary<Mutation> = fc.oneof(
  { weight: 6, arbitrary: mutations },
  {
    weight: 2,
    arbitrary: fc.record({
      place: fc.nat(12),
      change: pems.map((text) => ({ how: 'put' as const, raw: JSON.stringify(text) })),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      // `baseUrl` is the first field of every document.
      place: fc.constant(1),
      change: origins.map((text) => ({ how: 'put' as const, raw: JSON.stringify(text) })),
    }),
  },
)

const textOf = (one: fc.Arbitrary<Mutation>, text: fc.Arbitrary<string>): fc.Arbitrary<HostileText> =>
  fc.oneof(
    { weight: 8, arbitrary: fc.record({ mutations: fc.array(one, { minLength: 1, maxLength: 3 }) }) },
    { weight: 1, arbitrary: fc.record({ text }) },
  )

const kind = fc.constantFrom(...simulatedKinds)
const several = <T>(one: fc.Arbitrary<T>, maxLength: number) =>
  fc.array(one, { minLength: 1, maxLength, size: 'max' })

export const events: fc.Arbitrary<Events> = fc.record({
  kind,
  events: several(
    fc.record({ of: fc.constantFrom('rotate', 'retire', 'audit'), event: textOf(mutations, rawValues) }),
    150,
  ),
})

export const documents: fc.Arbitrary<Documents> = fc.record({
  kind,
  documents: several(
    fc.record({
      in: fc.constantFrom('current', 'current', 'current', 'pending', 'signer'),
      document: fc.oneof(
        { weight: 30, arbitrary: textOf(inDocuments, fc.oneof(bodies, pems)) },
        { weight: 1, arbitrary: fc.constant('binary' as const) },
      ),
    }),
    24,
  ),
})

const durations = fc.oneof(
  fc
    .array(
      fc.constantFrom(
        'P',
        'T',
        '1',
        '0',
        '24',
        '999999',
        '9999999',
        'D',
        'H',
        'M',
        'S',
        'W',
        'Y',
        '-',
        '.',
        ' ',
      ),
      {
        maxLength: 8,
      },
    )
    .map((parts) => parts.join('')),
  fc.constantFrom('PT0S', 'P30D', 'P31D', 'PT999999999S', 'PT1H', 'P1DT1S', 'p1d', 'P1D\n', '٣'),
)

const tags = fc.record({
  tag: fc.oneof(
    fc
      .constantFrom(
        'grace',
        'strategy',
        'key-algorithm',
        'webhook-ping',
        'hold-if-used',
        'graces',
        '__proto__',
        '',
      )
      .map((name) => `dfns-rotator:${name}`),
    fc.string({ minLength: 1, maxLength: 40 }),
  ),
  value: fc.oneof(
    durations,
    fc.constantFrom('auto', 'self', 'signer', 'replace', 'best-effort', 'true', 'P-256', 'RSA-2048', 'AUTO'),
    texts,
  ),
})

const policyMutations: fc.Arbitrary<Mutation> = fc.oneof(
  mutations,
  fc.record({
    place: fc.nat(20),
    change: durations.map((text) => ({ how: 'put' as const, raw: JSON.stringify(text) })),
  }),
  fc.record({
    place: fc.constant(2),
    change: origins.map((text) => ({ how: 'put' as const, raw: JSON.stringify(text) })),
  }),
)

export const allSettings: fc.Arbitrary<AllSettings> = fc.record({
  kind,
  settings: several(fc.oneof(fc.record({ policy: textOf(policyMutations, bodies) }), tags), 24),
})

/** Replies of Dfns or of AWS; `isInstead`: the service never hears of what is answered. */
export const lives = (to: Life['to'], isInstead: boolean): fc.Arbitrary<Life> =>
  fc.record({
    kind,
    act: fc.constantFrom('rotation', 'rotation', ...acts),
    first: fc.constantFrom('adopted', 'own'),
    isSudden: fc.boolean(),
    to: fc.constant(to),
    strikes: several(
      fc.record({
        after: fc.nat(5),
        mangling: manglings,
        isInstead: fc.constant(isInstead),
        lasts: fc.boolean(),
      }),
      40,
    ),
  })
