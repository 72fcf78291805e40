import { describe, expect, it } from 'vitest'
import { ARN, refusal, start } from './secrets-world.ts'

async function startDenied() {
  const parts = await start()
  const SecretId = await parts.create('demo')
  const other = await parts.create('other')
  parts.vault.deniedSecrets.add(SecretId)
  return { ...parts, SecretId, other }
}

describe('a secret that the caller is denied', () => {
  it('refuses to be read, described, listed by version, written and rotated, by ARN and by name', async () => {
    const { secrets, SecretId: arn } = await startDenied()
    for (const SecretId of [arn, 'demo', arn.slice(0, -7)]) {
      const calls = {
        GetSecretValue: secrets.getSecretValue({ SecretId }),
        DescribeSecret: secrets.describeSecret({ SecretId }),
        ListSecretVersionIds: secrets.listSecretVersionIds({ SecretId }),
        PutSecretValue: secrets.putSecretValue({ SecretId, SecretString: 'two' }),
        RotateSecret: secrets.rotateSecret({ SecretId, RotationLambdaARN: ARN }),
        TagResource: secrets.tagResource({ SecretId, Tags: [{ Key: 'a', Value: 'b' }] }),
      }
      for (const [operation, call] of Object.entries(calls)) {
        expect(await refusal(call)).toEqual({
          name: 'AccessDeniedException',
          message:
            'User: arn:aws:iam::000000000000:user/sandbox is not authorized to perform: ' +
            `secretsmanager:${operation} on resource: ${arn} because no identity-based policy allows the ` +
            `secretsmanager:${operation} action`,
        })
      }
    }
  })

  it('is listed all the same, and leaves every other secret readable', async () => {
    const { secrets, SecretId, other } = await startDenied()
    const { SecretList = [] } = await secrets.listSecrets({ SortBy: 'name', SortOrder: 'asc' })
    expect(SecretList.map((entry) => entry.ARN)).toEqual([SecretId, other])
    expect((await secrets.getSecretValue({ SecretId: other })).SecretString).toBe('one')
  })

  it('is readable again, and as it was, once it is no longer denied', async () => {
    const { secrets, vault, SecretId } = await startDenied()
    await refusal(secrets.putSecretValue({ SecretId, SecretString: 'two' }))
    vault.deniedSecrets.delete(SecretId)
    expect((await secrets.getSecretValue({ SecretId })).SecretString).toBe('one')
  })
})
