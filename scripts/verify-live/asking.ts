import { readAuthToken } from '../../lambdas/credentials/auth-token.ts'
import { type Asker, ask, askSigned, at, itemsIn, type Reply, textAt } from './dfns.ts'
import type { Experiment, Live, Seen } from './experiment.ts'

const answerOf = ({ status }: Reply): string => (status === 200 ? 'allow' : String(status))

const credentialsOf = async (asker: Asker) =>
  itemsIn((await ask(asker, { method: 'GET', path: '/auth/credentials' })).json)

const ownIn = ({ own }: Live, items: readonly unknown[]) =>
  items.find((item) => textAt(item, 'credentialId') === own.credId)

const action = {
  userActionHttpMethod: 'GET',
  userActionHttpPath: '/auth/credentials',
  userActionPayload: '',
  userActionServerKind: 'Api',
}

/** The ids that Dfns would take a signature from. */
async function offered(asker: Asker): Promise<readonly string[]> {
  const { json } = await ask(asker, { method: 'POST', path: '/auth/action/init', body: action })
  return itemsIn(at(json, 'allowCredentials'), 'key').map((each) => textAt(each, 'id'))
}

const selfRotation: Experiment = {
  name: 'self-rotation',
  writes: false,
  async run(live) {
    if (live.kind === 'UserKey') return [{ why: 'a user may; ask with a service account or a token' }]
    const { own } = live
    const body = { kind: 'Key' }
    const init = await ask(own, { method: 'POST', path: '/auth/credentials/init', body })
    const list = await ask(own, { method: 'GET', path: '/auth/credentials' })
    const seen = [`init ${answerOf(init)}`, `list ${answerOf(list)}`]
    const credentialUuid = textAt(ownIn(live, itemsIn(list.json)), 'credentialUuid')
    // Activating what is active is documented to change nothing.
    if (credentialUuid !== '') {
      const activated = await askSigned(own, {
        method: 'PUT',
        path: '/auth/credentials/activate',
        body: { credentialUuid },
      })
      seen.push(`activate ${answerOf(activated)}`)
    }
    return [{ switch: 'selfRotation', seen: seen.join(', ') }]
  },
}

const allowCredentials: Experiment = {
  name: 'allow-credentials',
  writes: false,
  async run(live) {
    const [ids, items] = await Promise.all([offered(live.own), credentialsOf(live.signer ?? live.own)])
    const own = ownIn(live, items)
    if (ids.includes(live.own.credId)) return [seenAs('credentialId'), ...inactive({ ids, items })]
    if (own !== undefined && ids.includes(textAt(own, 'credentialUuid')))
      return [seenAs('credentialUuid'), ...inactive({ ids, items })]
    return [seenAs('neither the credId nor its uuid')]
  },
}

const seenAs = (seen: string): Seen => ({ switch: 'allowCredentialsId', seen })

function inactive({ ids, items }: { ids: readonly string[]; items: readonly unknown[] }) {
  const names = (item: unknown) => [textAt(item, 'credentialId'), textAt(item, 'credentialUuid')]
  const off = items.filter((item) => at(item, 'isActive') === false && at(item, 'kind') === 'Key')
  if (off.length === 0) return [{ why: 'no deactivated key on this identity' }]
  const isListed = off.some((item) => names(item).some((name) => ids.includes(name)))
  return [{ switch: 'allowCredentialsInactive', seen: isListed ? 'listed' : 'hidden' }]
}

const listPublicKey: Experiment = {
  name: 'list-public-key',
  writes: false,
  async run({ own, signer }) {
    const items = await credentialsOf(signer ?? own)
    const key = items.find((item) => at(item, 'kind') === 'Key')
    if (key === undefined) return [{ why: 'no list that shows a key' }]
    const shown = textAt(key, 'publicKey')
    const form = shown === '' ? 'empty' : shown.includes('BEGIN') ? 'pem' : 'fingerprint'
    return [{ switch: 'listPublicKey', seen: form }]
  },
}

const accessTokenCredId: Experiment = {
  name: 'access-token-cred-id',
  writes: false,
  async run({ own, signer }) {
    const { json, status } = await ask(signer ?? own, { method: 'GET', path: '/auth/service-accounts' })
    if (status !== 200) return [{ why: `service accounts may not be listed (${status})` }]
    const tokens = itemsIn(json).flatMap((item) => itemsIn(item, 'accessTokens'))
    const [token] = tokens
    if (token === undefined) return [{ why: 'no service account with a token' }]
    const id = textAt(token, 'credId')
    const form = id === '' ? 'empty' : id.startsWith('cr-') ? 'credentialUuid' : 'credentialId'
    return [{ switch: 'accessTokenCredId', seen: form }]
  },
}

const errorBody: Experiment = {
  name: 'error-body',
  writes: false,
  async run({ own }) {
    const path = '/auth/action/init'
    const { json, isJson } = await ask(own, { method: 'POST', path, body: { userActionPayload: 1 } })
    if (!isJson) return [{ switch: 'errorBody', seen: 'no JSON' }]
    if (at(json, 'details') !== undefined) return [{ switch: 'errorBody', seen: 'details' }]
    const error = at(json, 'error')
    if (error === undefined) return [{ switch: 'errorBody', seen: 'another form' }]
    return [{ switch: 'errorBody', seen: at(error, 'status') === undefined ? 'legacy' : 'error' }]
  },
}

const rateLimit: Experiment = {
  name: 'rate-limit',
  writes: false,
  async run({ own }) {
    const { headers } = await ask(own, { method: 'POST', path: '/auth/action/init', body: action })
    const limit = headers.get('x-ratelimit-limit')
    if (limit === null) return [{ why: 'no header X-RateLimit-Limit' }]
    return [{ switch: 'rateLimit', seen: /^\d{1,9}$/.test(limit) ? limit : 'no number' }]
  },
}

const login: Experiment = {
  name: 'login',
  writes: false,
  async run({ kind, own }) {
    if (kind !== 'UserKey') return [{ why: 'nobody logs in; ask with a UserKey' }]
    const expires = readAuthToken(own.authToken)?.expires
    const seen = { switch: 'login', seen: 'token' }
    if (expires === undefined) return [seen, { why: 'its session does not tell its end' }]
    const minutes = Math.round((expires.getTime() - Date.now()) / 60_000)
    return [seen, { switch: 'sessionTtl', seen: `${minutes} min` }]
  },
}

const tokensOfUsers: Experiment = {
  name: 'user-key-signs-for-token',
  writes: false,
  async run(live) {
    const { kind, own, signer } = live
    if (kind !== 'PersonalAccessTokenKey' || signer === undefined)
      return [{ why: 'ask with a personal access token that has a signer' }]
    const [ids, items] = await Promise.all([offered(own), credentialsOf(signer)])
    return [
      { switch: 'userCredentialSignsForPat', seen: String(ids.includes(signer.credId)) },
      { switch: 'patCredentialBelongsToUser', seen: String(ownIn(live, items) !== undefined) },
    ]
  },
}

const auditLog: Experiment = {
  name: 'audit-log',
  writes: false,
  async run({ own, signer }) {
    const period = new URLSearchParams({
      startTime: new Date(Date.now() - 3_600_000).toISOString(),
      endTime: new Date().toISOString(),
    })
    const path = `/auth/action/logs?${period.toString()}`
    const { status, isJson } = await ask(signer ?? own, { method: 'GET', path })
    if (status !== 200) return [{ why: `the log may not be read (${status})` }]
    return [{ switch: 'auditLogBody', seen: isJson ? 'json' : 'csv' }]
  },
}

const pageSize: Experiment = {
  name: 'page-size',
  writes: false,
  async run({ own, signer }) {
    const { status, json } = await ask(signer ?? own, { method: 'GET', path: '/webhooks' })
    if (status !== 200) return [{ why: `webhooks may not be listed (${status})` }]
    if (textAt(json, 'nextPageToken') === '') return [{ why: 'all webhooks are on one page' }]
    return [{ switch: 'webhookPageSize', seen: String(itemsIn(json).length) }]
  },
}

/** What can be found out without any effect. */
export const asking: readonly Experiment[] = [
  selfRotation,
  allowCredentials,
  listPublicKey,
  accessTokenCredId,
  errorBody,
  rateLimit,
  login,
  tokensOfUsers,
  auditLog,
  pageSize,
]
