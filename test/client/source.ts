import { setImmediate } from 'node:timers/promises'
import type { FetchRequest, FetchSecret, StagingLabel } from '../../client/fetch-secret.ts'
import { type Clock as TestClock, createClock } from '../../sandbox/clock.ts'
import { newKey } from '../../sandbox/scene.ts'

const { privateKey } = newKey()

/** A document of this kind; `undefined` leaves a field out. */
export function documentOf(kind: string, changed: Readonly<Record<string, unknown>> = {}): string {
  const common = { kind, baseUrl: 'https://api.dfns.io', orgId: 'or-12345-67890' }
  const key = { credId: 'Y2ktMQ', privateKey }
  const own: Readonly<Record<string, object>> = {
    ServiceAccountKey: { ...key, authToken: 'a.b.c' },
    PersonalAccessTokenKey: { ...key, authToken: 'a.b.c' },
    UserKey: { ...key, username: 'jane@example.com' },
    WebhookSecret: {
      webhookId: 'wh-12345',
      webhookSecret: 'whs-one-secret',
      url: 'https://receiver.test/hook',
      events: ['wallet.created'],
    },
  }
  return JSON.stringify({ ...common, ...own[kind], ...changed })
}

/** A service account's, told apart from others by its credId. */
export const generation = (name: string) => ({
  versionId: `version-${name}`,
  text: documentOf('ServiceAccountKey', { credId: name }),
})

type Labels = Partial<Record<StagingLabel, { readonly versionId: string; readonly text: string }>>

export interface Source {
  /** May be moved at any time. */
  labels: Labels
  readonly requests: readonly FetchRequest[]
  /** Thrown to whoever asks, until it is taken away. */
  failure: Error | undefined
  /** While true, nobody is answered before `answer`. */
  isSlow: boolean
  answer(): Promise<void>
  /** How often a label was asked for; AWSCURRENT unless told otherwise. */
  reads(label?: StagingLabel): number
  readonly fetchSecret: FetchSecret
}

/** A store whose labels move when told, and that answers when it is told to. */
export function source(labels: Labels = { AWSCURRENT: generation('one') }): Source {
  const requests: FetchRequest[] = []
  const waiting: (() => void)[] = []
  const store: Source = {
    labels,
    requests,
    failure: undefined,
    isSlow: false,
    answer: async () => {
      for (const go of waiting.splice(0)) go()
      await setImmediate()
    },
    reads: (label = 'AWSCURRENT') => requests.filter((request) => request.label === label).length,
    fetchSecret: async (request) => {
      requests.push(request)
      const found = store.labels[request.label]
      if (store.isSlow) await new Promise<void>((go) => waiting.push(go))
      if (store.failure !== undefined) throw store.failure
      return found
    },
  }
  return store
}

/** A clock of a process that can be frozen: time passes, and no timer runs. */
export function freezable() {
  const inner = createClock()
  let frozen = 0
  const clock = {
    now: () => inner.now() + frozen,
    at: (time: number, task: () => void) => inner.at(time - frozen, task),
  }
  return {
    clock,
    freeze: (ms: number) => {
      frozen += ms
    },
    pass: (ms: number) => pass(inner, ms),
  }
}

/** Time passes, from one timer to the next; whatever became due has been done. */
export async function pass(clock: TestClock, ms: number): Promise<void> {
  const end = clock.now() + ms
  for (let next = clock.next(); next !== undefined && next <= end; next = clock.next()) {
    await clock.advance(Math.max(0, next - clock.now()))
    await setImmediate()
  }
  await clock.advance(end - clock.now())
  await setImmediate()
}
