import { readFile } from 'node:fs/promises'
import { hexDigest } from '../lambdas/crypto/digest.ts'
import { ClientError } from './errors.ts'
import {
  type FetchRequest,
  type FetchSecret,
  type FetchedVersion,
  fromSecretsManager,
  type StagingLabel,
  versionIn,
} from './fetch-secret.ts'

const defaultPort = 2773
const largestReply = 262_144

/**
 * Reads through the AWS Parameters and Secrets Lambda Extension, which caches for 300 seconds unless
 * SECRETS_MANAGER_TTL says otherwise. Nothing passes its cache, so that after a refusal `refreshWith` is
 * asked: Secrets Manager itself unless told otherwise (Lambda Developer Guide, "Use Secrets Manager secrets
 * in Lambda functions").
 */
export function fromLambdaExtension({
  port = Number(process.env['PARAMETERS_SECRETS_EXTENSION_HTTP_PORT'] ?? defaultPort),
  token = async () => process.env['AWS_SESSION_TOKEN'] ?? '',
  refreshWith = fromSecretsManager(),
}: {
  port?: number
  /** Value of X-Aws-Parameters-Secrets-Token. */
  token?: () => Promise<string>
  refreshWith?: FetchSecret
} = {}): FetchSecret {
  return (request) =>
    request.refresh ? refreshWith(request) : localhost({ request, port, token, query: {} })
}

/**
 * Reads through the AWS Secrets Manager Agent (or Workload Credentials Provider), which caches for 300
 * seconds unless its `ttl_seconds` says otherwise; after a refusal with `refreshNow=true`, which passes its
 * cache (README of aws-secretsmanager-agent).
 */
export function fromSecretsManagerAgent({
  port = defaultPort,
  tokenFile = '/var/run/awssmatoken',
}: {
  port?: number
  /** Holds the SSRF token; read each time, since the agent makes a new one when it starts. */
  tokenFile?: string
} = {}): FetchSecret {
  const token = async () => (await readFile(tokenFile, 'utf8')).trim()
  return (request) =>
    localhost({ request, port, token, query: request.refresh ? { refreshNow: 'true' } : {} })
}

/**
 * Reads mounted files, one for each label that there is, each time anew: the Secrets Store CSI driver and
 * others replace a file when they rotate it. A file has no version id; the hash of its content stands for it.
 */
export function fromFile(files: {
  readonly current: string
  readonly pending?: string
  readonly previous?: string
}): FetchSecret {
  const paths: Readonly<Record<StagingLabel, string | undefined>> = {
    AWSCURRENT: files.current,
    AWSPENDING: files.pending,
    AWSPREVIOUS: files.previous,
  }
  return async ({ label, signal }) => {
    const path = paths[label]
    if (path === undefined) return undefined
    try {
      const text = await readFile(path, { encoding: 'utf8', signal })
      return { text, versionId: hexDigest(text, 32) }
    } catch (error) {
      if (label !== 'AWSCURRENT' && error instanceof Error && 'code' in error && error.code === 'ENOENT') {
        return undefined
      }
      throw new ClientError('ERR_STORE', `the file of ${label} cannot be read`, { retryable: true })
    }
  }
}

async function localhost(of: {
  request: FetchRequest
  port: number
  token: () => Promise<string>
  query: Readonly<Record<string, string>>
}): Promise<FetchedVersion | undefined> {
  const { request, port, token, query } = of
  const { secretId, label, signal } = request
  const search = new URLSearchParams({ secretId, versionStage: label, ...query })
  const failed = (what: string, retryable: boolean) =>
    new ClientError('ERR_STORE', `localhost:${port}, ${label} of ${secretId}: ${what}`, { retryable })
  const headers = { 'X-Aws-Parameters-Secrets-Token': await token().catch(() => '') }
  const url = `http://localhost:${port}/secretsmanager/get?${search.toString()}`
  const response = await fetch(url, { headers, signal, redirect: 'error' }).catch(() => {
    throw failed('no answer', true)
  })
  const text = await response.text().catch(() => '')
  if (!response.ok) {
    // Both repeat the name of Secrets Manager's error for a label that no version has.
    if (text.includes('ResourceNotFoundException')) return undefined
    throw failed(`status ${response.status}`, response.status >= 500)
  }
  if (text.length > largestReply) throw failed('the reply is too large', false)
  return versionIn(parsed(text))
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json) as unknown
  } catch {
    return undefined
  }
}
