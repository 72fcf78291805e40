import { createPrivateKey, sign } from 'node:crypto'
import type { WireHandler } from '../wire.ts'

/** A key as an application holds it. */
export interface KeyHolder {
  readonly authToken: string
  readonly credId: string
  /** PEM. */
  readonly privateKey: string
}

/**
 * Signs a user action as an application does, and does not spend it: the status that Dfns answers tells
 * whether it accepts the key. Asks the handler itself, so that no fault strikes and no call is counted.
 */
export async function signingStatus({
  handle,
  holder,
}: {
  handle: WireHandler
  holder: KeyHolder
}): Promise<number> {
  const send = async (path: string, body: object) => {
    const headers = { authorization: `Bearer ${holder.authToken}`, 'content-type': 'application/json' }
    const request = { service: 'dfns', method: 'POST', operation: `POST ${path}`, path, headers } as const
    const reply = await handle({ ...request, body: JSON.stringify(body) })
    return { status: reply.status, json: JSON.parse(reply.body) as Record<string, string> }
  }
  const action = {
    userActionPayload: '',
    userActionHttpMethod: 'GET',
    userActionHttpPath: '/auth/credentials',
  }
  const { status, json } = await send('/auth/action/init', action)
  if (status !== 200) return status
  const clientData = JSON.stringify({ type: 'key.get', challenge: json['challenge'] })
  const key = createPrivateKey(holder.privateKey)
  const hash = key.asymmetricKeyType === 'ed25519' ? null : 'sha256'
  const credentialAssertion = {
    credId: holder.credId,
    clientData: Buffer.from(clientData).toString('base64url'),
    signature: sign(hash, Buffer.from(clientData), key).toString('base64url'),
  }
  const firstFactor = { kind: 'Key', credentialAssertion }
  return (await send('/auth/action', { challengeIdentifier: json['challengeIdentifier'], firstFactor }))
    .status
}
