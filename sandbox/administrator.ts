import { randomUUID } from 'node:crypto'
import type { Sandbox } from './sandbox.ts'

/** What an administrator does with a secret, over HTTP as the console or the aws CLI would. */
export interface Administrator {
  /** One call of Secrets Manager; an error is thrown with AWS's name and message. */
  secretsManager<T = unknown>(operation: string, input: object): Promise<T>
  /** Creates a secret with a document and tags, and turns rotation on without rotating; returns its ARN. */
  keepSecret(secret: {
    name: string
    document: object
    tags?: Readonly<Record<string, string>>
  }): Promise<string>
  /** Rotate secret immediately; resolves when the first attempt is over. */
  rotate(secretArn: string): Promise<void>
  /** The labels of each version. */
  labelsOf(secretArn: string): Promise<Readonly<Record<string, readonly string[]>>>
  /** The document under a label. */
  documentOf(secretArn: string, label: 'AWSCURRENT' | 'AWSPREVIOUS'): Promise<AccountDocument>
}

/** The document of a service account's key. */
export interface AccountDocument {
  readonly kind: 'ServiceAccountKey'
  readonly baseUrl: string
  readonly orgId: string
  readonly authToken: string
  readonly credId: string
  readonly privateKey: string
  readonly [field: string]: string
}

export function administratorOf({
  sandbox,
  functionArn,
}: {
  sandbox: Sandbox
  functionArn: string
}): Administrator {
  const secretsManager = callerOf(sandbox.urls.aws)
  const rotateSecret = async (input: object) => {
    await secretsManager('RotateSecret', { ClientRequestToken: randomUUID(), ...input })
    await sandbox.engine.settled()
  }
  return {
    secretsManager,
    keepSecret: async ({ name, document, tags = {} }) => {
      const Tags = Object.entries(tags).map(([Key, Value]) => ({ Key, Value }))
      const secret = {
        Name: name,
        SecretString: JSON.stringify(document),
        ClientRequestToken: randomUUID(),
        Tags,
      }
      const { ARN: SecretId } = await secretsManager<{ ARN: string }>('CreateSecret', secret)
      const rules = { RotationRules: { AutomaticallyAfterDays: 30 }, RotateImmediately: false }
      await rotateSecret({ SecretId, RotationLambdaARN: functionArn, ...rules })
      return SecretId
    },
    rotate: (secretArn) => rotateSecret({ SecretId: secretArn }),
    labelsOf: async (SecretId) => {
      const described = await secretsManager<Described>('DescribeSecret', { SecretId })
      return described.VersionIdsToStages
    },
    documentOf: async (SecretId, VersionStage) => {
      const version = await secretsManager<{ SecretString: string }>('GetSecretValue', {
        SecretId,
        VersionStage,
      })
      return JSON.parse(version.SecretString) as AccountDocument
    },
  }
}

interface Described {
  readonly VersionIdsToStages: Readonly<Record<string, readonly string[]>>
}

function callerOf(url: string): Administrator['secretsManager'] {
  return async <T>(operation: string, input: object): Promise<T> => {
    const headers = {
      'x-amz-target': `secretsmanager.${operation}`,
      'content-type': 'application/x-amz-json-1.1',
    }
    const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify(input) })
    const reply = (await response.json()) as T & { __type?: string; message?: string }
    if (response.ok) return reply
    throw new Error(`${operation}: ${reply.__type}: ${reply.message}`)
  }
}
