import { createPublicKey } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { credentialOf } from '../../lambdas/credentials/index.ts'
import { type DocumentSource, readFields, readKeyDocument } from '../../lambdas/credentials/document.ts'
import { type Json, stringsIn } from '../../lambdas/credentials/json.ts'
import { RotationError } from '../../lambdas/errors.ts'
import { fakeTime } from '../support/time.ts'
import {
  authToken,
  credId,
  currentKey,
  documentWith,
  keyPem,
  limits,
  on,
  orgId,
  read,
  secretArn,
  sourceOf,
  tokenWith,
  userId,
} from './sample.ts'

const { ourFields } = read()

const errorOf = (run: () => unknown): RotationError => {
  try {
    run()
  } catch (error) {
    if (error instanceof RotationError) return error
    throw error
  }
  throw new Error('was not refused')
}
const refusal = (source: DocumentSource, within: Parameters<typeof readKeyDocument>[1] = limits) =>
  errorOf(() => readKeyDocument(source, within))
const adopt = `npx dfns-rotator adopt ${secretArn}`

describe('a key document', () => {
  test('is read whole', () => {
    const document = read({ application: { name: 'x' } })
    expect(document).toMatchObject({
      kind: 'ServiceAccountKey',
      on,
      id: credId,
      orgId,
      userId,
      tokenExpires: new Date(1_900_000_000_000),
      identity: { origin: 'https://api.dfns.io', authToken, credId },
      stored: { form: { encoding: 'pkcs8', newline: '\n', ending: '\n', base64: false } },
    })
    expect(document.fields).toEqual(documentWith({ application: { name: 'x' } }))
    expect(document.identity.key.equals(currentKey)).toBe(true)
  })

  test('goes to the origin, however baseUrl is spelled', () => {
    expect(read({ baseUrl: 'HTTPS://api.DFNS.io:443/' }).identity.origin).toBe('https://api.dfns.io')
  })

  test('may name its signer', () => {
    expect(read({ signerArn: secretArn }).fields['signerArn']).toBe(secretArn)
  })

  test('may have a token that tells no user and no expiry', () => {
    const { userId: user, tokenExpires } = read({
      authToken: tokenWith({ 'https://custom/app_metadata': { orgId } }),
    })
    expect({ user, tokenExpires }).toEqual({ user: undefined, tokenExpires: undefined })
  })

  test('may be 64 KiB long, in bytes and not in characters, and no longer', () => {
    const empty = Buffer.byteLength(sourceOf(documentWith({ note: '' })).text ?? '')
    const room = 65_536 - empty
    expect(read({ note: 'x'.repeat(room) }).id).toBe(credId)
    expect(refusal(sourceOf(documentWith({ note: 'x'.repeat(room + 1) }))).message).toContain('too large')
    expect(refusal(sourceOf(documentWith({ note: 'é'.repeat(room / 2 + 1) }))).message).toContain('too large')
  })
})

describe('what is not ours to rotate is refused with the adopt command', () => {
  test.for([
    ['binary', undefined],
    ['empty', ''],
    ['a bare PEM', keyPem(currentKey)],
    ['a bare token', authToken],
    ['a list of credentials', JSON.stringify([documentWith()])],
    ['several credentials in one document', JSON.stringify({ a: documentWith(), b: documentWith() })],
    ['no kind', JSON.stringify(documentWith({ kind: undefined }))],
    ['a kind that is null', JSON.stringify(documentWith({ kind: null }))],
    ['a kind that is a list', JSON.stringify(documentWith({ kind: ['ServiceAccountKey'] }))],
    ['a kind by way of the prototype', '{"__proto__":{"kind":"ServiceAccountKey"}}'],
    ['huge', JSON.stringify(documentWith({ note: 'x'.repeat(70_000) }))],
    ['a depth bomb', `{"kind":"ServiceAccountKey","a":${'['.repeat(30_000)}${']'.repeat(30_000)}}`],
  ] as const)('%s', ([, text]) => {
    const error = refusal({ text, on, secretArn })
    expect(error).toMatchObject({ code: 'ERR_DOCUMENT', retryable: false })
    expect(error.message).toContain(on)
    expect(error.message).toContain(adopt)
    expect(errorOf(() => readFields({ text, on, secretArn })).message).toBe(error.message)
  })
})

const wrong: Readonly<Record<string, readonly Json[]>> = {
  baseUrl: [1, null, []],
  orgId: ['', 'or 1', 'or-1\n', '../x', 'x'.repeat(129), 1, null, {}],
  authToken: ['', 'a b', 'a\nb', 'é', 'x'.repeat(16_385), 1, null, [authToken]],
  credId: ['', 'a b', 'a\nb', '<b>', 'x'.repeat(1_025), 1, null, { id: 'x' }],
  privateKey: [1, null, [], { kty: 'OKP' }],
  signerArn: ['', 'arn', `${secretArn}\n`, secretArn.replace('secretsmanager', 'ssm'), 1, null],
}

describe('a missing or malformed field is named, alone, with the secret', () => {
  test.for(ourFields.filter((name) => !['kind', 'signerArn'].includes(name)))('no %s', (name) => {
    const error = refusal(sourceOf(documentWith({ [name]: undefined })))
    expect(error).toMatchObject({ code: 'ERR_DOCUMENT', retryable: false })
    expect(error.message).toBe(`${on}: missing or malformed: ${name}`)
  })

  test.for(Object.entries(wrong).flatMap(([name, values]) => values.map((value) => [name, value] as const)))(
    '%s is %j',
    ([name, value]) => {
      const error = refusal(sourceOf(documentWith({ [name]: value })))
      expect(error.code).toBe('ERR_DOCUMENT')
      expect(error.message).toBe(`${on}: missing or malformed: ${name}`)
    },
  )

  test('and so are all of them together', () => {
    const { message } = refusal(sourceOf({ kind: 'ServiceAccountKey' }))
    for (const name of ['baseUrl', 'orgId', 'authToken', 'credId', 'privateKey'])
      expect(message).toContain(name)
    expect(message).not.toContain('signerArn')
  })

  test.for([
    ['a public key', String(createPublicKey(currentKey).export({ type: 'spki', format: 'pem' }))],
    ['two keys', keyPem(currentKey).repeat(2)],
    ['text around it', `x ${keyPem(currentKey)}`],
    ['empty', ''],
    ['a word', 'hunter2'],
  ])('privateKey is %s', ([, privateKey]) => {
    expect(refusal(sourceOf(documentWith({ privateKey: privateKey as string })))).toMatchObject({
      code: 'ERR_DOCUMENT',
      message: `${on}: privateKey is not one unencrypted PKCS#8, PKCS#1 or SEC1 PEM`,
    })
  })

  test('authToken is no token of Dfns', () => {
    expect(refusal(sourceOf(documentWith({ authToken: 'opaque-token' })))).toMatchObject({
      code: 'ERR_DOCUMENT',
      message: `${on}: authToken is not a Dfns token`,
    })
  })
})

describe('the policy’s limits', () => {
  test.for([
    'https://evil.example',
    '',
    'https://api.dfns.io\n',
    ' https://api.dfns.io',
    'https://api.dfns.io\u0000',
    'https://äpi.dfns.io',
  ])('a baseUrl that the policy does not name is refused: %j', (baseUrl) => {
    expect(refusal(sourceOf(documentWith({ baseUrl }))).code).toBe('ERR_BASE_URL')
  })

  test('an organisation must be the token’s', () => {
    expect(refusal(sourceOf(documentWith({ orgId: 'or-another' })))).toMatchObject({
      code: 'ERR_ORG',
      retryable: false,
    })
  })

  test('an organisation must be one of allowedOrgIds, where the policy has them', () => {
    const within = (...allowedOrgIds: string[]) => ({ ...limits, allowedOrgIds })
    expect(readKeyDocument(sourceOf(documentWith()), within('or-x', orgId)).orgId).toBe(orgId)
    for (const allowed of [within(), within('or-x'), within(`${orgId}x`), within(orgId.toUpperCase())])
      expect(refusal(sourceOf(documentWith()), allowed).code).toBe('ERR_ORG')
  })
})

describe('the kind', () => {
  const nobody = () => {
    throw new Error('was asked')
  }
  const means = {
    time: fakeTime(),
    limits,
    strategy: 'auto' as const,
    webhookPing: 'required' as const,
    log: { info: nobody, warn: nobody, error: nobody },
    dfnsAs: nobody,
    webhooksAs: nobody,
    accountsAs: nobody,
    mayHaveAsked: nobody,
    rememberAsked: nobody,
    readSecret: nobody,
    once: nobody,
  }

  test('ServiceAccountKey is understood', () => {
    expect(
      credentialOf({ kind: 'ServiceAccountKey', on, means }).read(sourceOf(documentWith()), limits).id,
    ).toBe(credId)
  })

  test.for([
    '',
    'serviceaccountkey',
    'ServiceAccountKey ',
    'UserKeys',
    'hunter2hunter2',
    'toString',
    'constructor',
    '__proto__',
    'hasOwnProperty',
  ])('%j is not, and is not repeated', (kind) => {
    const error = errorOf(() => credentialOf({ kind, on, means }))
    expect(error).toMatchObject({ code: 'ERR_DOCUMENT', retryable: false })
    expect(error.message).toBe(
      `${on}: kind is none of ServiceAccountKey, PersonalAccessTokenKey, UserKey, WebhookSecret`,
    )
  })
})

// orgId is left out: an error that two organisations contradict each other tells both ids.
const canary = fc
  .stringMatching(/^[A-Za-z0-9+/=_.: -]{8,60}$/)
  .filter((text) => !`${on} ${adopt} missing or malformed: ${ourFields.join(' ')}`.includes(text.trim()))
const value = fc.oneof(canary, fc.jsonValue(), fc.array(canary), fc.dictionary(canary, canary))

test('no error tells a value of the document, whatever is wrong with it', () => {
  const changes = fc.dictionary(fc.constantFrom(...ourFields.filter((name) => name !== 'orgId')), value, {
    minKeys: 1,
    maxKeys: 3,
  })
  fc.assert(
    fc.property(changes, canary, (changed, note) => {
      const document = documentWith({ ...(changed as Record<string, Json>), note })
      const message = messageOf(document)
      const told = stringsIn(document as Json).filter(
        (text) => text.trim().length >= 8 && message.includes(text),
      )
      expect(told.filter((text) => !ourFields.includes(text))).toEqual([])
    }),
    { numRuns: 500 },
  )
})

function messageOf(document: unknown): string {
  try {
    readKeyDocument(sourceOf(document), limits)
    return ''
  } catch (error) {
    if (error instanceof RotationError) return error.message
    throw error
  }
}
