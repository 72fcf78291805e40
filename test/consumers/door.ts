import { AsyncLocalStorage } from 'node:async_hooks'
import { transport } from 'cross-fetch'
import { createDfnsHandler } from '../../sandbox/dfns/handler.ts'
import { outsideInvocations } from '../simulation/invocation.ts'
import { connectionLost, timedOut } from '../simulation/transport.ts'
import type { Simulation } from '../simulation/world.ts'

/** One signed call of an application, as its door sees it. */
export interface Visit {
  readonly id: string
  /** Hears of each request and what it was answered. */
  tell(line: string): void
  /** Faults of the network that struck it. */
  faults: number
  /** Whether a reply to the change itself was lost: then the application may rightly ask for it again. */
  isReplyLost: boolean
  /** Waits for whatever else happens before the next request leaves. */
  stand(): Promise<void>
}

/** What strikes applications, each a probability per request in [0, 1]. */
export interface Troubles {
  /** Dfns: a 503, a 429, no connection, or a reply that is lost. */
  readonly dfns: number
  /** Secrets Manager throttles one read, which the AWS SDK repeats. */
  readonly secretsManager: number
}

/** Between applications and the world: the only way they reach Dfns and Secrets Manager. */
export interface Door {
  /** How often each change was carried out, by the id of the call that asked for it. */
  readonly done: ReadonlyMap<string, number>
  /** By kind. */
  readonly struck: Map<string, number>
  /** While true every read of a secret by an application fails. */
  isSecretsManagerAway: boolean
  /** Runs what an application does: its requests to Dfns pass here. */
  enter<T>(visit: Visit, work: () => Promise<T>): Promise<T>
  /** GetSecretValue as an application asks for it, repeated as the AWS SDK repeats it. */
  readSecret(input: { SecretId: string; VersionStage?: string; VersionId?: string }): Promise<SecretValue>
}

export interface SecretValue {
  readonly SecretString: string
  readonly VersionId: string
  readonly VersionStages: readonly string[]
}

/** No call is struck more often: an ordinary client tries again, and would give up at some time. */
const mostFaults = 3

const attemptsOfTheSdk = 3

const inside = new AsyncLocalStorage<{ visit: Visit; send: typeof fetch }>()
let isInstalled = false

/** Whoever calls the global `fetch` inside of `enter` comes to that door; everybody else to where he came before. */
function install(): void {
  if (isInstalled) return
  isInstalled = true
  const before = globalThis.fetch
  globalThis.fetch = (input, init) => (inside.getStore()?.send ?? before)(input, init)
}

/** Opens a door into a world. It has to stand before: the world's own transport is the one behind this one. */
export function openDoor(parts: { world: Simulation; random: () => number; troubles: Troubles }): Door {
  const { world, random, troubles } = parts
  install()
  const handle = createDfnsHandler(world.dfns)
  const done = new Map<string, number>()
  const struck = new Map<string, number>()
  const count = (kind: string) => void struck.set(kind, (struck.get(kind) ?? 0) + 1)
  const faultFor = (visit: Visit) => {
    if (visit.faults >= mostFaults || random() >= troubles.dfns) return undefined
    visit.faults += 1
    const kind = (['503', '429', 'timed out', 'reply lost'] as const)[Math.floor(random() * 4)] ?? '503'
    count(`Dfns, ${kind}`)
    return kind
  }
  const serve = async (visit: Visit, request: DfnsRequest) => {
    const reply = await handle({
      ...request,
      service: 'dfns',
      operation: `${request.method} ${request.path}`,
    })
    if (isChange(request) && reply.status === 200) noteDone(done, request)
    visit.tell(`${request.method} ${request.path} ${reply.status}`)
    return reply
  }
  const send = async (visit: Visit, request: DfnsRequest): Promise<Response> => {
    await visit.stand()
    const fault = faultFor(visit)
    if (fault === '503') return answer(visit, { status: 503, body: '<html></html>' })
    if (fault === '429') return answer(visit, { status: 429, body: '{"error":{"message":"slow"}}' })
    if (fault === 'timed out') throw noted(visit, timedOut())
    const { status, headers, body } = await serve(visit, request)
    if (fault !== 'reply lost') return new Response(body, { status, headers: { ...headers } })
    if (isChange(request) && status === 200) visit.isReplyLost = true
    throw noted(visit, connectionLost())
  }
  const door: Door = {
    done,
    struck,
    isSecretsManagerAway: false,
    enter: (visit, work) => {
      const through: typeof fetch = async (input, init) => send(visit, requestOf(input, init))
      return outsideInvocations(() =>
        inside.run({ visit, send: through }, () => transport.run(through, work)),
      )
    },
    readSecret: async (input) => {
      for (let attempt = 1; ; attempt++) {
        const isStruck = random() < troubles.secretsManager && attempt < attemptsOfTheSdk
        if (isStruck) count('Secrets Manager, throttled')
        if (!isStruck && !door.isSecretsManagerAway) return world.secretsManager('GetSecretValue', input)
        if (!door.isSecretsManagerAway) continue
        count('Secrets Manager, away')
        throw Object.assign(new Error('Service Unavailable'), { name: 'InternalServiceError' })
      }
    },
  }
  return door
}

interface DfnsRequest {
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

function requestOf(input: string | URL | Request, init: RequestInit | undefined): DfnsRequest {
  const { pathname, search } = new URL(input instanceof Request ? input.url : input)
  return {
    method: init?.method ?? 'GET',
    path: pathname + search,
    headers: Object.fromEntries(new Headers(init?.headers)),
    body: typeof init?.body === 'string' ? init.body : '',
  }
}

/** What applications change: the description of a webhook, which then names the call. */
const isChange = ({ method, path }: DfnsRequest) => method === 'PUT' && path.startsWith('/webhooks/')

function noteDone(done: Map<string, number>, { body }: DfnsRequest): void {
  const { description } = JSON.parse(body) as { description: string }
  done.set(description, (done.get(description) ?? 0) + 1)
}

function answer(visit: Visit, { status, body }: { status: number; body: string }): Response {
  visit.tell(`answered ${status} on the way`)
  return new Response(body, { status })
}

function noted<T extends Error>(visit: Visit, error: T): T {
  visit.tell(error.message)
  return error
}
