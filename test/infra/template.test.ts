import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { unzipSync } from 'fflate'
import { afterAll, describe, expect, test } from 'vitest'
import { functionNames } from '../../infra/names.ts'
import { codeFile, plainTemplate } from '../../infra/plain-template.ts'
import { zipped } from '../../scripts/template/zipped.ts'
import { allowedTo } from './iam.ts'
import { ofType, type Resources, root } from './stack.ts'

const outdir = mkdtempSync(join(tmpdir(), 'template-'))
afterAll(() => rmSync(outdir, { recursive: true }))

const codeKeyPrefix = 'dfns-rotator/0.1.0-0123456789ab'
const { template } = plainTemplate({ codeKeyPrefix, outdir }).synth().getStackByName('dfns-rotator') as {
  template: {
    Resources: Resources
    Parameters: Record<string, { Type: string; Default?: string; Description?: string }>
    Conditions: Record<string, unknown>
    Rules?: unknown
  }
}
const { Resources: resources, Parameters: parameters, Conditions: conditions } = template

describe('the plain template', () => {
  test('needs nothing of CDK: no bootstrap, no rule, no metadata', () => {
    expect(parameters).not.toHaveProperty('BootstrapVersion')
    expect(template).not.toHaveProperty('Rules')
    expect(JSON.stringify(template)).not.toMatch(/cdk-hnb659fds|aws:cdk:/)
  })

  test('takes the code from where its parameters say, and another release from another place', () => {
    expect(parameters['CodeKeyPrefix']?.Default).toBe(codeKeyPrefix)
    const places = ofType(resources, 'AWS::Lambda::Function').map(([, { Properties }]) => Properties['Code'])
    expect(places).toEqual(
      functionNames.map((name) => ({
        S3Bucket: { Ref: 'CodeBucket' },
        S3Key: { 'Fn::Join': ['', [{ Ref: 'CodeKeyPrefix' }, `/${codeFile(name)}`]] },
      })),
    )
  })

  test('asks for two things, and says of every parameter what it is', () => {
    const needed = Object.entries(parameters).filter(([, { Default }]) => Default === undefined)
    expect(needed.map(([name]) => name).toSorted()).toEqual(['CodeBucket', 'RotatedPrefix'])
    for (const { Description = '' } of Object.values(parameters))
      expect(Description.length).toBeGreaterThan(20)
  })

  test.for(functionNames)('lets %s touch only what the prefix names and its own function rotates', (name) => {
    const onSecrets = allowedTo(resources, name).filter(
      ({ action, resource }) => action.startsWith('secretsmanager:') && resource.includes(':secret:'),
    )
    expect(onSecrets.length).toBeGreaterThan(2)
    for (const { resource, condition } of onSecrets) {
      expect(resource).toContain(':secret:<RotatedPrefix>*')
      expect(JSON.stringify(condition)).toContain('secretsmanager:resource/AllowRotationLambdaArn')
    }
  })

  test('grants signers, a key and a subscription only where its parameters name them', () => {
    const conditional = Object.entries(resources).flatMap(([id, each]) =>
      'Condition' in each ? [[id.replace(/[0-9A-F]{8}$/, ''), each.Condition] as const] : [],
    )
    expect(Object.fromEntries(conditional)).toEqual({
      Decrypt: 'HasEncryptionKey',
      DecryptSigners: 'HasEncryptedSigners',
      Email: 'HasAlarmEmail',
      Encrypt: 'HasEncryptionKey',
      Signers: 'HasSigners',
    })
  })

  describe('a signer that a customer key encrypts', () => {
    const given = (name: string) => ({ 'Fn::Not': [{ 'Fn::Equals': [{ Ref: name }, ''] }] })

    test.for(functionNames)('can be read by %s, and nothing else with that key', (name) => {
      const ofSigners = allowedTo(resources, name).filter(({ condition }) =>
        JSON.stringify(condition).includes('SignerArns'),
      )
      expect(ofSigners).toEqual([
        {
          action: 'kms:Decrypt',
          resource: JSON.stringify({
            'Fn::If': [
              'HasSignerEncryptionKey',
              { Ref: 'SignerEncryptionKeyArn' },
              { Ref: 'EncryptionKeyArn' },
            ],
          }),
          condition: {
            StringEquals: {
              'kms:ViaService': 'secretsmanager.<AWS::Region>.amazonaws.com',
              'kms:EncryptionContext:SecretARN': '<SignerArns>',
            },
          },
        },
      ])
    })

    test('has the key of its own parameter, else that of the secrets', () => {
      expect(conditions).toMatchObject({
        HasSignerEncryptionKey: given('SignerEncryptionKeyArn'),
        HasEncryptionKey: given('EncryptionKeyArn'),
        HasEncryptedSigners: {
          'Fn::And': [
            { Condition: 'HasSigners' },
            { 'Fn::Or': [{ Condition: 'HasSignerEncryptionKey' }, { Condition: 'HasEncryptionKey' }] },
          ],
        },
      })
    })
  })

  test('fits what CloudFormation takes from a bucket, and has no more than a stack may hold', () => {
    expect(JSON.stringify(template).length).toBeLessThan(1_000_000)
    expect(Object.keys(resources).length).toBeLessThan(500)
  })
})

describe('the archives', () => {
  const built = (name: string) => readFileSync(join(root, 'dist', name, 'index.mjs'))

  test.for(functionNames)('of %s hold what the tests ran, byte for byte', (name) => {
    const content = unzipSync(zipped({ name: 'index.mjs', content: built(name) }))
    expect(Object.keys(content)).toEqual(['index.mjs'])
    expect(Buffer.from(content['index.mjs'] ?? []).equals(built(name))).toBe(true)
  })

  test('are the same whenever they are made', () => {
    const file = { name: 'index.mjs', content: built('audit') }
    expect(Buffer.from(zipped(file)).equals(Buffer.from(zipped(file)))).toBe(true)
  })
})
