import type { Wire } from './faults.ts'
import { type HttpServer, serve } from './http.ts'
import type { ExecutionEnvironment } from './lambda/environment.ts'
import type { WaitingProcesses } from './lambda/function.ts'

/** What a sandbox runs on. */
export interface Berth {
  readonly urls: { readonly aws: string; readonly dfns: string }
  readonly waiting: WaitingProcesses
  /** The sandbox is over; nothing of it has happened that a process may remember, or something has. */
  leave(end: { isClean: boolean }): Promise<void>
}

/** Who answers at a berth, and the time in milliseconds since the epoch that the replies are dated with. */
interface Guest {
  readonly wire: Pick<Wire, 'dispatch'>
  readonly now: () => number
}

/** 0 or absent: any port that is free. */
interface Ports {
  readonly aws?: number
  readonly dfns?: number
}

/**
 * Servers and processes for one sandbox after the other: starting them is most of what a short life costs. To
 * a function the next sandbox is one more secret that a warm process rotates.
 */
export interface Host {
  berth(guest: Guest): Promise<Berth>
  close(): Promise<void>
}

interface Place {
  readonly servers: { readonly aws: HttpServer; readonly dfns: HttpServer }
  readonly waiting: Map<string, ExecutionEnvironment[]>
  guest: Guest | undefined
  /** How many requests are not answered yet. */
  open: number
}

async function openPlace(ports: Ports = {}): Promise<Place> {
  const place: Omit<Place, 'servers'> = { waiting: new Map(), guest: undefined, open: 0 }
  const dispatch: Wire['dispatch'] = async (request) => {
    // Whoever asks belongs to a sandbox that is over.
    if (place.guest === undefined) return 'broken'
    place.open += 1
    try {
      return await place.guest.wire.dispatch(request)
    } finally {
      place.open -= 1
    }
  }
  const answering = { wire: { dispatch }, now: () => place.guest?.now() ?? Date.now() }
  const aws = await serve({ ...answering, api: 'aws', port: ports.aws })
  const dfns = await serve({ ...answering, api: 'dfns', port: ports.dfns }).catch(async (error: unknown) => {
    await aws.close()
    throw error
  })
  return Object.assign(place, { servers: { aws, dfns } })
}

async function closePlace({ servers, waiting }: Place): Promise<void> {
  await Promise.all([...waiting.values()].flat().map((process) => process.kill()))
  await Promise.all([servers.aws.close(), servers.dfns.close()])
}

function berthAt(at: { place: Place; guest: Guest; leave: Berth['leave'] }): Berth {
  const { place, guest, leave } = at
  const { aws, dfns } = place.servers
  place.guest = guest
  return {
    urls: { aws: aws.url, dfns: dfns.url },
    waiting: {
      take: (key) => place.waiting.get(key)?.pop(),
      leave: ({ key, process }) => {
        place.waiting.set(key, [...(place.waiting.get(key) ?? []), process])
      },
    },
    leave: (end) => {
      place.guest = undefined
      return leave(end)
    },
  }
}

/** A berth for one sandbox alone. Its servers hear on 127.0.0.1 only, as all do. */
export async function ownBerth({ ports, ...guest }: Guest & { ports?: Ports | undefined }): Promise<Berth> {
  const place = await openPlace(ports)
  return berthAt({ place, guest, leave: () => closePlace(place) })
}

/** A host; it has as many servers as sandboxes are open at a time. */
export function createHost(): Host {
  const free: Place[] = []
  return {
    berth: async (guest) => {
      const place = free.pop() ?? (await openPlace())
      const leave: Berth['leave'] = async ({ isClean }) => {
        if (isClean && place.open === 0) free.push(place)
        else await closePlace(place)
      }
      return berthAt({ place, guest, leave })
    },
    close: async () => {
      await Promise.all(free.splice(0).map(closePlace))
    },
  }
}
