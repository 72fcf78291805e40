import { describe, expect, test } from 'vitest'
import { sharingIn } from '../../lambdas/auditing/sharing.ts'
import { credIdOf } from '../../lambdas/crypto/lineage.ts'
import { RotationError } from '../../lambdas/errors.ts'
import { described } from '../../lambdas/ports/secrets-manager.ts'
import { scheduleName } from '../../lambdas/rotation/retire-event.ts'

const arnOf = (name: string) => `arn:aws:secretsmanager:eu-west-1:000000000000:secret:${name}-AbCdEf`
const [a, b, c, d] = ['a', 'b', 'c', 'd'].map(arnOf) as [string, string, string, string]

const key = (credId: string) => JSON.stringify({ kind: 'ServiceAccountKey', credId })
const hook = (webhookId: string) => JSON.stringify({ kind: 'WebhookSecret', webhookId })

/** Secrets with these texts; what has none cannot be read. */
function sharing(texts: Readonly<Record<string, string | undefined>>, names: readonly string[] = []) {
  const secrets = Object.keys(texts).map((ARN) =>
    described({ ARN, Tags: [], ReplicationStatus: [], VersionIdsToStages: { [ARN]: ['AWSCURRENT'] } }, ARN),
  )
  const read = async (arn: string) => {
    const text = texts[arn]
    if (text === undefined) throw new RotationError('ERR_STORE', 'denied')
    return { versionId: arn, text, created: undefined }
  }
  return sharingIn({ secrets, names, read })
}

test('others are the secrets whose AWSCURRENT names the same, and never the secret itself', async () => {
  const shared = await sharing({ [a]: key('x'), [b]: key('x'), [c]: key('y'), [d]: hook('x') })
  expect(shared.others({ id: 'x', secretArn: a })).toEqual([b, d])
  expect(shared.others({ id: 'x', secretArn: c })).toEqual([a, b, d])
  expect(shared.others({ id: 'y', secretArn: c })).toEqual([])
  expect(shared.others({ id: 'z', secretArn: a })).toEqual([])
})

test('what cannot be read names nothing, and is not ours; what is no document of ours is not ours', async () => {
  const shared = await sharing({
    [a]: key('x'),
    [b]: undefined,
    [c]: 'x',
    [d]: '{"kind":"Other","credId":"x"}',
  })
  expect(shared.others({ id: 'x', secretArn: b })).toEqual([a, d])
  expect([a, b, c, d].map((arn) => shared.isOurs(arn))).toEqual([true, false, false, false])
})

test('a secret that superseded it has its grace for as long as its schedule stands', async () => {
  const names = [b, c].map((secretArn) => scheduleName({ secretArn, credId: 'x' }))
  const shared = await sharing({ [a]: key('1'), [b]: key('2'), [c]: key('3') }, names)
  expect(shared.inGraceOf({ id: 'x', secretArn: a })).toEqual([b, c])
  expect(shared.inGraceOf({ id: 'x', secretArn: b })).toEqual([c])
  expect(shared.inGraceOf({ id: 'y', secretArn: a })).toEqual([])
})

test('another secret knows what its AWSCURRENT names and what it registered for a label, and no other id', async () => {
  const shared = await sharing({ [a]: key('x'), [b]: key('y') })
  const known = (id: string) => shared.isKnownElsewhere({ id, secretArn: a })
  expect(known('y')).toBe(true)
  expect(known('x')).toBe(false)
  expect(known(credIdOf({ secretArn: b, token: b }))).toBe(true)
  // Of the other's lineage, but of no version that it has.
  expect(known(credIdOf({ secretArn: b, token: 'c' }))).toBe(false)
})

describe('a key is known elsewhere by a secret of the same identity alone', () => {
  const saying = (claims: object) =>
    `x.${Buffer.from(JSON.stringify({ 'https://custom/app_metadata': claims })).toString('base64url')}.x`
  const document = (kind: string, userId: string | undefined, more: object = {}) =>
    JSON.stringify({
      kind,
      orgId: 'or-1',
      credId: userId ?? 'x',
      ...(userId !== undefined && { authToken: saying({ orgId: 'or-1', userId }) }),
      ...more,
    })
  const account = (userId: string, more?: object) => document('ServiceAccountKey', userId, more)
  const token = (userId: string) => document('PersonalAccessTokenKey', userId)
  const user = (username: string) => document('UserKey', undefined, { username })

  test.each([
    ['the same account', account('us-1'), account('us-1'), true],
    ['another account', account('us-1'), account('us-2'), false],
    ['another organisation', account('us-1'), account('us-1', { orgId: 'or-2' }), false],
    ['another token of the user', token('us-1'), token('us-1'), true],
    ['a token of another user', token('us-1'), token('us-2'), false],
    ['the user of a token, perhaps', token('us-1'), user('a'), true],
    ['the user of an account, never', account('us-1'), user('a'), false],
    ['the same user', user('a'), user('a'), true],
    ['another user', user('a'), user('b'), false],
    ['a webhook', account('us-1'), hook('y'), false],
    ['what is no document', account('us-1'), 'x', false],
    ['what cannot be read right now', account('us-1'), undefined, true],
  ])('%s', async (_, mine, other, isKnown) => {
    const shared = await sharing({ [a]: mine, [b]: other })
    const id = credIdOf({ secretArn: b, token: b })
    expect(shared.isKnownElsewhere({ id, secretArn: a })).toBe(isKnown)
  })
})

test('more secrets than are read at the same time are all read', async () => {
  const arns = Array.from({ length: 50 }, (_, index) => arnOf(`s-${String(index).padStart(2, '0')}`))
  const shared = await sharing(Object.fromEntries(arns.map((arn) => [arn, key('x')])))
  expect(shared.others({ id: 'x', secretArn: a })).toEqual(arns)
})
