import type { Phase } from '../bench/meter.ts'
import { reasons } from './reasons.ts'
import type { Recorded } from './record.ts'

export type Service = 'AWS' | 'Dfns'

type Needed = Readonly<Record<Phase, readonly string[]>>

// By hand: the calls without which a phase cannot do what it is for, whoever writes it. A call is needed as
// often as it stands here; what was made beyond that needs a reason.

const describe = 'DescribeSecret'
const policy = 'GetParameter'
const current = 'GetSecretValue AWSCURRENT'
const pending = 'GetSecretValue AWSPENDING'
const superseded = 'GetSecretValue by id'
const schedule = 'CreateSchedule'
const move = 'UpdateSecretVersionStage AWSCURRENT'
const letGo = 'UpdateSecretVersionStage AWSPREVIOUS'
const list = 'GET /auth/credentials'
const login = ['POST /auth/login/init', 'POST /auth/login']
/** Its secret, and a session of it. */
const signer = [current, ...login]
const webhookSigner = [current]

const signed = (action: string) => [`POST /auth/action/init for ${action}`, `POST /auth/action for ${action}`]
const done = (action: string) => [...signed(action), action]

const reads = {
  createSecret: [describe, policy, current, 'PutSecretValue'],
  setSecret: [describe, policy, current, pending],
  testSecret: [describe, policy, pending],
  finishSecret: [describe, policy, current, pending, schedule, move],
  retire: [describe, policy, current, superseded, letGo],
} as const satisfies Needed

const atOnce = 'ServiceAccountKey, self, grace PT0S'

/** What finishSecret retired has nothing left but its label. */
const readsOf: Readonly<Record<string, Needed>> = { [atOnce]: { ...reads, retire: [letGo] } }

const activate = 'PUT /auth/credentials/activate'
const create = ['POST /auth/credentials/init', ...done('POST /auth/credentials')]
const deactivate = done('PUT /auth/credentials/deactivate')

const key: Needed = {
  createSecret: [],
  setSecret: create,
  testSecret: [list, ...signed(activate)],
  finishSecret: [],
  retire: [list, ...deactivate],
}

const assign = done('POST /permissions/pm-…/assignments')

const needed: Readonly<Record<string, Needed>> = {
  'ServiceAccountKey, self': key,
  'ServiceAccountKey, replace': {
    createSecret: [...signer, ...done('POST /auth/service-accounts')],
    setSecret: [...signer, ...assign],
    testSecret: signed(list),
    finishSecret: [],
    retire: [...signer, ...done('PUT /auth/service-accounts/us-…/deactivate')],
  },
  [atOnce]: { ...key, finishSecret: key.retire, retire: [] },
  'PersonalAccessTokenKey, self': key,
  'PersonalAccessTokenKey, signer': {
    ...key,
    setSecret: [...signer, ...create],
    retire: [...signer, list, ...deactivate],
  },
  'PersonalAccessTokenKey, replace': {
    createSecret: [...signer, ...done('POST /auth/pats')],
    setSecret: [...signer, ...assign],
    testSecret: signed(list),
    finishSecret: [],
    retire: done('PUT /auth/pats/to-…/deactivate'),
  },
  UserKey: {
    ...key,
    setSecret: [...login, ...create],
    testSecret: [...login, ...key.testSecret],
    retire: [...login, ...key.retire],
  },
  WebhookSecret: {
    createSecret: [...webhookSigner, ...done('POST /webhooks')],
    setSecret: [...webhookSigner, ...done('PUT /webhooks/wh-…')],
    testSecret: [...webhookSigner, ...done('POST /webhooks/wh-…/ping')],
    finishSecret: [],
    retire: [...webhookSigner, ...done('DELETE /webhooks/wh-…')],
  },
}

interface One {
  readonly way: string
  readonly recorded: Recorded
}

interface Judged {
  readonly name: string
  readonly service: Service
  readonly isNeeded: boolean
}

const leastCalls = ({ way, recorded: { phase } }: One): readonly string[] => [
  ...(readsOf[way] ?? reads)[phase],
  ...(needed[way]?.[phase] ?? []),
]

/** Each call of a phase, and whether it is among the least. A refused one never is. */
function judge(one: One): readonly Judged[] {
  const left = [...leastCalls(one)]
  return one.recorded.rounds.flat().map(({ to, name, notes }) => {
    const place = notes.some((note) => /^\d+$/.test(note)) ? -1 : left.indexOf(name)
    if (place >= 0) left.splice(place, 1)
    return { name, service: to === 'Dfns' ? 'Dfns' : 'AWS', isNeeded: place >= 0 }
  })
}

/** How many calls a phase made to a service, and how few would do. */
export function leastOf({ service, ...one }: One & { service: Service }): { made: number; least: number } {
  const calls = judge(one).filter((call) => call.service === service)
  return { made: calls.length, least: calls.filter(({ isNeeded }) => isNeeded).length }
}

/** What stands among the least and was not made at all: then the table is wrong, or the phase is. */
export function notMade(one: One): readonly string[] {
  const made = one.recorded.rounds.flat().map(({ name }) => name)
  return leastCalls(one).filter((name) => {
    const place = made.indexOf(name)
    if (place >= 0) made.splice(place, 1)
    return place < 0
  })
}

/** What was made beyond the least, each with its reason. Throws where nobody gave one. */
export function beyond(one: One): readonly { name: string; why: string }[] {
  const { way, recorded } = one
  return judge(one)
    .filter(({ isNeeded }) => !isNeeded)
    .map(({ name }) => {
      const why = [`${way} ${recorded.phase}`, way, recorded.phase, 'any']
        .map((where) => reasons[where]?.[name])
        .find((reason) => reason !== undefined)
      if (why === undefined) throw new Error(`${way}, ${recorded.phase}: nobody says why ${name} is made`)
      return { name, why }
    })
}
