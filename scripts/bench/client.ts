import { DfnsApiClient } from '@dfns/sdk'
import { transport } from 'cross-fetch'
import { dfnsClient } from '../../client/dfns.ts'
import { rotatingSecret } from '../../client/rotating-secret.ts'
import { assert } from '../../lambdas/crypto/key-credential.ts'
import { readPrivateKey } from '../../lambdas/crypto/private-key.ts'
import { newKey } from '../../sandbox/scene.ts'

/** Microseconds of CPU time for a signed call, round by round. */
export interface ClientFigures {
  readonly bare: readonly number[]
  readonly client: readonly number[]
  /** How often the secret was read after the first call. */
  readonly readings: number
}

const orgId = 'or-12345-67890-bench'
const credId = 'Y2ktYmVuY2g'
const webhookId = 'wh-12345'
const baseUrl = 'https://api.dfns.io'

/** A JWT of the form that the SDK checks before each request. */
function tokenOf(): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const claims = { 'https://custom/app_metadata': { orgId, userId: 'us-bench' } }
  return `${part({ alg: 'EdDSA', typ: 'JWT' })}.${part(claims)}.${'s'.repeat(86)}`
}

const challenge = {
  challenge: 'Y2hhbGxlbmdlLW9mLXRoZS1iZW5jaG1hcms',
  challengeIdentifier: 'i'.repeat(400),
  supportedCredentialKinds: [],
  userVerification: 'required',
  externalAuthenticationUrl: '',
  allowCredentials: { key: [{ type: 'public-key', id: credId }], webauthn: [] },
}
const replies: Readonly<Record<string, object>> = {
  '/auth/action/init': challenge,
  '/auth/action': { userAction: 'u'.repeat(400) },
}

/** Dfns, as far as a signed call sees it, without a network. */
const answer: typeof fetch = async (input) => {
  const { pathname } = new URL(input instanceof Request ? input.url : input)
  return Response.json(replies[pathname] ?? { id: webhookId })
}

/** Both make the same calls in turn, so that whatever else this machine does strikes both alike. */
export async function measureClient(measure: { rounds: number; calls: number }): Promise<ClientFigures> {
  const { privateKey } = newKey()
  const authToken = tokenOf()
  const key = readPrivateKey(privateKey)?.key
  if (key === undefined) throw new Error('a key that cannot be read')
  const sign = async (asked: { challenge: string }) => assert({ challenge: asked.challenge, credId, key })
  const bare = new DfnsApiClient({ baseUrl, orgId, authToken, signer: { sign } })

  let readings = 0
  const text = JSON.stringify({ kind: 'ServiceAccountKey', baseUrl, orgId, authToken, credId, privateKey })
  const fetchSecret = async () => {
    readings += 1
    return { versionId: 'v', text }
  }
  const client = dfnsClient(rotatingSecret('bench', { kind: 'ServiceAccountKey', fetchSecret }))

  const round = (dfns: DfnsApiClient) => transport.run(answer, () => cpuOf(dfns, measure.calls))
  await round(bare)
  await round(client)
  const figures = { bare: [] as number[], client: [] as number[] }
  while (figures.client.length < measure.rounds) {
    figures.bare.push(await round(bare))
    figures.client.push(await round(client))
  }
  return { ...figures, readings: readings - 1 }
}

async function cpuOf(dfns: DfnsApiClient, calls: number): Promise<number> {
  const before = process.cpuUsage()
  for (let call = 0; call < calls; call++) {
    await dfns.webhooks.updateWebhook({ webhookId, body: { description: 'bench' } })
  }
  const { user, system } = process.cpuUsage(before)
  return (user + system) / calls
}
