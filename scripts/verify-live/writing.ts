import { randomBytes } from 'node:crypto'
import { generateKey } from '../../lambdas/crypto/algorithms.ts'
import { attest } from '../../lambdas/crypto/key-credential.ts'
import { type Asker, ask, askSigned, itemsIn, type Reply, textAt } from './dfns.ts'
import type { Experiment, Live, Seen } from './experiment.ts'

const mark = 'dfns-rotator verify-live: may be removed'

/** How often a list or a key is asked for before it counts as never. */
const mostTries = 10
const pauseMs = 500

/** How many answers came before the first good one; nothing if none did. */
async function triesBefore(live: Live, isGood: () => Promise<boolean>): Promise<string> {
  for (let tries = 0; tries < mostTries; tries++) {
    if (await isGood()) return String(tries)
    await live.pause(pauseMs)
  }
  return `more than ${mostTries}`
}

async function register(asker: Asker, made: Pick<Asker, 'credId' | 'key'>): Promise<Reply> {
  const body = { kind: 'Key' }
  const init = await ask(asker, { method: 'POST', path: '/auth/credentials/init', body })
  if (init.status !== 200) return init
  const credentialInfo = attest({ ...made, challenge: textAt(init.json, 'challenge') })
  const challengeIdentifier = textAt(init.json, 'challengeIdentifier')
  const kinds = { credentialKind: 'Key', credentialName: mark }
  return askSigned(asker, {
    method: 'POST',
    path: '/auth/credentials',
    body: { ...kinds, challengeIdentifier, credentialInfo },
  })
}

const list = async (asker: Asker) =>
  itemsIn((await ask(asker, { method: 'GET', path: '/auth/credentials' })).json)

/** Deactivates, and deletes where that is allowed, every credential that bears the mark. */
async function removeMarked(asker: Asker): Promise<void> {
  for (const item of (await list(asker)).filter((each) => textAt(each, 'name') === mark)) {
    const credentialUuid = textAt(item, 'credentialUuid')
    const body = { credentialUuid }
    await askSigned(asker, { method: 'PUT', path: '/auth/credentials/deactivate', body })
    await askSigned(asker, { method: 'DELETE', path: `/auth/credentials/${credentialUuid}` })
  }
}

const newKey = async () => ({
  credId: randomBytes(32).toString('base64url'),
  key: await generateKey('Ed25519'),
})

const newCredential: Experiment = {
  name: 'new-credential-lag',
  writes: true,
  async run(live) {
    const asker = live.signer ?? live.own
    const made = await newKey()
    const reply = await register(asker, made)
    if (reply.status !== 200) return [{ why: `no key may be registered (${reply.status})` }]
    try {
      const isListed = async () =>
        (await list(asker)).some((item) => textAt(item, 'credentialId') === made.credId)
      const listLag = await triesBefore(live, isListed)
      const signing = { method: 'GET', path: '/auth/credentials' }
      const accepted = async () => (await askSigned({ ...asker, ...made }, signing)).status === 200
      return [
        { switch: 'listLag', seen: listLag },
        { switch: 'acceptanceLag', seen: await triesBefore(live, accepted) },
      ]
    } finally {
      await removeMarked(asker)
    }
  },
}

const duplicates: Experiment = {
  name: 'duplicates',
  writes: true,
  async run(live) {
    const asker = live.signer ?? live.own
    const [first, second] = await Promise.all([newKey(), newKey()])
    const reply = await register(asker, first)
    if (reply.status !== 200) return [{ why: `no key may be registered (${reply.status})` }]
    try {
      const sameId = await register(asker, { credId: first.credId, key: second.key })
      const sameKey = await register(asker, { credId: second.credId, key: first.key })
      return [verdict('duplicateCredId', sameId), verdict('keyReuse', sameKey)]
    } finally {
      await removeMarked(asker)
    }
  },
}

const verdict = (name: string, { status }: Reply): Seen => ({
  switch: name,
  seen: status === 200 ? 'allow' : 'refuse',
})

const webhooks: Experiment = {
  name: 'webhooks',
  writes: true,
  async run(live) {
    const asker = live.signer ?? live.own
    const settings = { url: 'https://example.com/', events: ['wallet.created'], status: 'Disabled' }
    const body = { ...settings, description: mark }
    const created = await askSigned(asker, { method: 'POST', path: '/webhooks', body })
    if (created.status !== 200) return [{ why: `no webhook may be made (${created.status})` }]
    const path = `/webhooks/${textAt(created.json, 'id')}`
    try {
      const isListed = async () => {
        const { json } = await ask(asker, { method: 'GET', path: '/webhooks?limit=100' })
        return itemsIn(json).some((item) => textAt(item, 'description') === mark)
      }
      const lag = await triesBefore(live, isListed)
      const ping = await askSigned(asker, { method: 'POST', path: `${path}/ping` })
      const update = await askSigned(asker, { method: 'PUT', path, body: { description: mark } })
      return [
        { switch: 'webhookListLag', seen: lag },
        { switch: 'webhookPingDisabled', seen: ping.status === 200 ? 'deliver' : String(ping.status) },
        { switch: 'webhookUpdateShowsSecret', seen: String(textAt(update.json, 'secret') !== '') },
        {
          switch: 'webhookUpdateTouches',
          seen: String(textAt(update.json, 'dateUpdated') !== textAt(created.json, 'dateUpdated')),
        },
      ]
    } finally {
      await askSigned(asker, { method: 'DELETE', path })
    }
  },
}

/** What shows only when something is made; each removes what it made. */
export const writing: readonly Experiment[] = [newCredential, duplicates, webhooks]
