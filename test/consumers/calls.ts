import { createHash } from 'node:crypto'
import { DfnsError } from '@dfns/sdk'
import type { Clock } from '../../sandbox/clock.ts'
import type { Door, Visit } from './door.ts'
import type { Application } from './plain.ts'
import type { Story } from './story.ts'
import { type Stepping, stepping } from './stepping.ts'

/** What an application is, for a report. */
export interface Consumer {
  readonly name: string
  /** The secret that it reads. */
  readonly arn: string
  readonly sort: 'library' | 'plain'
  readonly application: Application
}

/** A call that Dfns refused in the end, although the network let it through. */
export interface Failure {
  readonly at: number
  readonly call: string
  readonly error: string
  /** What happened to its secret before, and what it did itself. */
  readonly story: readonly string[]
}

/** What came of the calls so far. */
export interface Tally {
  readonly calls: Record<Consumer['sort'], number>
  /** Calls of which a request found that a rotation or a retirement went on meanwhile. */
  stoodStill: number
  /** Attempts that the network spoiled and the application made again. */
  repeated: number
  readonly failures: Failure[]
  /** Given up because of the network alone. */
  readonly givenUp: Failure[]
  /** Calls that were carried out another number of times than once, although no reply to the change was lost. */
  readonly miscounted: string[]
}

/** Starts calls, lets them stand still between two requests, and moves them on. */
export interface Calls {
  readonly tally: Tally
  /** Begins a call unless one of this application is under way. */
  begin(consumer: Consumer, standing: number): Promise<void>
  /** Moves on one call to this secret that stands still; whether there was one. */
  goOn(arn: string): Promise<boolean>
  /** Moves every call on until none is left. */
  finish(): Promise<void>
  /** Of every outcome in its order. */
  digest(): string
}

interface Call {
  readonly consumer: Consumer
  readonly stepping: Stepping
  readonly visit: Visit
  /** Counts how often it stood still: a timer of an earlier time has nothing to say. */
  pauses: number
  isMoving: boolean
}

/** Milliseconds. A user action lives for a minute; whoever dawdles longer fails by himself. */
const longestPause = 12_000
const backoff = [1_000, 2_000, 4_000, 8_000, 16_000]

export function callsOf(parts: {
  clock: Clock
  random: () => number
  door: Door
  webhookId: string
  story: Story
}): Calls {
  const { clock, random, door, webhookId, story } = parts
  const lists = { failures: [], givenUp: [], miscounted: [] }
  const tally: Tally = { calls: { library: 0, plain: 0 }, stoodStill: 0, repeated: 0, ...lists }
  const underWay = new Map<Consumer, Call>()
  const hash = createHash('sha256')
  let number = 0

  const move = async (call: Call) => {
    const { pauses } = call
    call.isMoving = true
    await call.stepping.go()
    call.isMoving = false
    if (call.stepping.isDone()) underWay.delete(call.consumer)
    else if (call.pauses === pauses) throw new Error(`${call.visit.id} neither stands still nor is done`)
  }
  const wakeAt = (call: Call, time: number) => {
    const pause = ++call.pauses
    clock.at(Math.ceil(time), async () => {
      if (call.pauses === pause && !call.isMoving && !call.stepping.isDone()) await move(call)
    })
  }
  const note = (consumer: Consumer, call: string, outcome: string) =>
    void hash.update(`${clock.now()} ${consumer.name} ${call} ${outcome}\n`)

  const check = ({ id, isReplyLost }: Visit, expected: number) => {
    const times = door.done.get(id) ?? 0
    const isRight = isReplyLost ? times >= 1 : times === expected
    if (!isRight) tally.miscounted.push(`${id} was carried out ${times} times, not ${expected}`)
  }

  const callOf = (consumer: Consumer, standing: number): Call => {
    const id = `${consumer.name}, call ${++number}`
    let standStill = () => Promise.resolve()
    const visit: Visit = {
      id,
      tell: (line) => story.tell(consumer.arn, `${id}: ${line}`),
      faults: 0,
      isReplyLost: false,
      stand: async () => {
        if (random() >= standing) return
        tally.stoodStill += 1
        wakeAt(call, clock.now() + random() * longestPause)
        await standStill()
      },
    }
    const attempt = async (count: number): Promise<void> => {
      try {
        await consumer.application.change({ webhookId, description: id })
        note(consumer, id, 'done')
        check(visit, 1)
      } catch (error) {
        const pause = backoff[count]
        if (isOfTheNetwork(error) && pause !== undefined) {
          tally.repeated += 1
          wakeAt(call, clock.now() + pause)
          await standStill()
          return attempt(count + 1)
        }
        const at = clock.now()
        const failure = { at, call: id, error: textOf(error), story: story.of(consumer.arn) }
        note(consumer, id, 'failed')
        check(visit, 0)
        ;(isOfTheNetwork(error) ? tally.givenUp : tally.failures).push(failure)
      }
    }
    const call: Call = {
      consumer,
      visit,
      pauses: 0,
      isMoving: false,
      stepping: stepping((stand) => {
        standStill = stand
        return door.enter(visit, () => attempt(0))
      }),
    }
    return call
  }

  return {
    tally,
    begin: async (consumer, standing) => {
      if (underWay.has(consumer)) return
      tally.calls[consumer.sort] += 1
      const call = callOf(consumer, standing)
      underWay.set(consumer, call)
      await move(call)
    },
    goOn: async (arn) => {
      const standing = [...underWay.values()].filter(
        ({ consumer, isMoving }) => consumer.arn === arn && !isMoving,
      )
      const call = standing[Math.floor(random() * standing.length)]
      if (call === undefined) return false
      await move(call)
      return true
    },
    finish: async () => {
      while (underWay.size > 0) await Promise.all([...underWay.values()].map(move))
    },
    digest: () => hash.copy().digest('hex'),
  }
}

function textOf(error: unknown): string {
  if (error instanceof DfnsError) return `DfnsError ${error.httpStatus}: ${error.message}`
  return String(error)
}

/** What any client tries again: no answer, too many requests, a gateway's error. */
export function isOfTheNetwork(error: unknown): boolean {
  if (error instanceof DfnsError) return error.httpStatus === 429 || error.httpStatus >= 500
  const { name = '', code = '', message = '' } = error as { name?: string; code?: string; message?: string }
  // The SDK reads the HTML of a gateway as JSON.
  if (error instanceof SyntaxError) return true
  return name === 'TimeoutError' || code === 'ECONNRESET' || message === 'fetch failed'
}
