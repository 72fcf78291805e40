import type { KeyObject } from 'node:crypto'
import { answer } from '../../lambdas/credentials/answer.ts'
import { readAuthToken } from '../../lambdas/credentials/auth-token.ts'
import { originOf } from '../../lambdas/credentials/base-url.ts'
import type { Means } from '../../lambdas/credentials/credential.ts'
import { listing } from '../../lambdas/credentials/proof.ts'
import { type Signer, signerOf } from '../../lambdas/credentials/signer.ts'
import { isSameKey, readPrivateKey, readPublicKey } from '../../lambdas/crypto/private-key.ts'
import type { Identity } from '../../lambdas/ports/dfns.ts'
import type { Field, Source, Sources } from './sources.ts'

interface Known {
  readonly secretArn: string
  readonly means: Means
  /** What is known of a field so far: what stands in the secret, then what was said. */
  readonly textOf: (field: Field) => string | undefined
}

const said = (value: string | readonly string[], from: string): Source => ({ value, from })

/** What follows from the rest without asking anybody. */
export function derived({ means, textOf }: Known): Sources {
  const found = new Map<Field, Source>()
  const token = textOf('authToken')
  const claims = token === undefined ? undefined : readAuthToken(token)
  const [only, ...others] = means.limits.allowedBaseUrls
  if (only !== undefined && others.length === 0)
    found.set('baseUrl', said(only, 'the policy, which allows no other'))
  if (claims !== undefined) found.set('orgId', said(claims.orgId, 'the token'))
  if (textOf('webhookSecret') !== undefined) found.set('kind', said('WebhookSecret', 'its webhookSecret'))
  else if (token === undefined && textOf('username') !== undefined)
    found.set('kind', said('UserKey', 'its username, and no token'))
  return found
}

/** What Dfns tells, and the secret of the signer; by calls without effect. */
export async function asked(known: Known): Promise<Sources> {
  const { textOf } = known
  const found = new Map<Field, Source>()
  const signer = await signerIn(known)
  const kind = textOf('kind') ?? (await kindOf({ ...known, signer }))
  if (kind !== undefined && textOf('kind') === undefined)
    found.set('kind', said(kind, 'Dfns, told to the signer'))
  if (signer !== undefined && textOf('orgId') === undefined)
    found.set('orgId', said(signer.document.orgId, 'the signer'))
  const webhookId = textOf('webhookId')
  if (kind === 'WebhookSecret' && webhookId !== undefined && signer !== undefined) {
    const hook = await answer(known.means.webhooksAs(signer.document.identity).getWebhook(webhookId))
    if ('value' in hook) {
      found.set('url', said(hook.value.url, 'Dfns'))
      found.set('events', said(hook.value.events, 'Dfns'))
    }
  }
  if (kind !== 'WebhookSecret' && textOf('credId') === undefined) {
    const credId = await credIdOf(known)
    if (credId !== undefined) found.set('credId', credId)
  }
  return found
}

async function signerIn({ secretArn, means, textOf }: Known): Promise<Signer | undefined> {
  const signerArn = textOf('signerArn')
  const origin = originOf(textOf('baseUrl') ?? '')
  if (signerArn === undefined || origin === undefined) return undefined
  const text = await answer(means.readSecret(signerArn))
  // An orgId that is not known yet is the signer's.
  const orgId = textOf('orgId') ?? orgIdIn('value' in text ? text.value : undefined)
  const signed = { on: `the document for ${secretArn}`, secretArn, signerArn, origin, orgId }
  return signerOf({ signed, kinds: ['UserKey', 'ServiceAccountKey', 'PersonalAccessTokenKey'], means })
}

function orgIdIn(text: string | undefined): string {
  return /"orgId"\s*:\s*"([\w-]{1,128})"/.exec(text ?? '')?.[1] ?? ''
}

/** Dfns's claims are alike for both kinds of token; who may list accounts can tell them apart. */
async function kindOf(of: Known & { signer: Signer | undefined }): Promise<string | undefined> {
  const { means, textOf, signer } = of
  const { userId } = readAuthToken(textOf('authToken') ?? '') ?? {}
  if (signer === undefined || userId === undefined) return undefined
  const accounts = await answer(means.accountsAs(signer.document.identity).listServiceAccounts())
  if ('value' in accounts && accounts.value.some(({ userInfo }) => userInfo.userId === userId))
    return 'ServiceAccountKey'
  const session = await answer(signer.dfns.authToken())
  const isItsUser = 'value' in session && readAuthToken(session.value)?.userId === userId
  return isItsUser ? 'PersonalAccessTokenKey' : undefined
}

/** The one under which Dfns lists this very key, or the only one there is: that it works is proved later. */
async function credIdOf({ means, textOf }: Known): Promise<Source | undefined> {
  const stored = readPrivateKey(textOf('privateKey') ?? '')
  const authToken = textOf('authToken')
  const origin = originOf(textOf('baseUrl') ?? '')
  const isAllowed = means.limits.allowedBaseUrls.some((one) => originOf(one) === origin)
  if (stored === undefined || authToken === undefined || origin === undefined || !isAllowed) return undefined
  const dfns = means.dfnsAs({ origin, authToken, credId: '', key: stored.key } satisfies Identity)
  const listed = await answer(dfns.listCredentials())
  if ('error' in listed) {
    const challenge = await answer(dfns.createUserActionChallenge(listing))
    return 'value' in challenge
      ? onlyOne(challenge.value.allowCredentials.key.map(({ id }) => id))
      : undefined
  }
  const active = listed.value.filter(({ isActive, kind }) => isActive && kind === 'Key')
  const same = active.find(({ publicKey }) => isPair(stored.key, publicKey ?? ''))
  if (same !== undefined) return said(same.credentialId, 'Dfns, which lists this key under it')
  return onlyOne(active.map(({ credentialId }) => credentialId))
}

function onlyOne([only, ...others]: readonly string[]): Source | undefined {
  return only === undefined || others.length > 0 ? undefined : said(only, 'Dfns, which knows no other')
}

function isPair(key: KeyObject, publicKey: string): boolean {
  const stored = readPublicKey(publicKey)
  return stored !== undefined && isSameKey(stored.key, key)
}
