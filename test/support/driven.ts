import { setImmediate } from 'node:timers/promises'
import type { Time } from '../../lambdas/ports/time.ts'
import type { Scene } from '../../sandbox/scene.ts'

/** Turns of the event loop without a request: whoever is going to ask has asked. */
const quietTurns = 60

export interface Driven {
  readonly time: Time
  /** Runs in this process, by the scene's clock: where nothing is asked and somebody sleeps, time passes. */
  run<T>(work: Promise<T>): Promise<T>
}

/** The scene's clock as the time of one invocation, of 15 minutes unless told otherwise. */
export function drivenBy({ clock, sandbox }: Scene, { leftMs = 900_000 } = {}): Driven {
  const { wire } = sandbox
  const end = clock.now() + leftMs
  let asleep = 0
  let quiet = 0
  let open = 0
  const dispatch = wire.dispatch.bind(wire)
  wire.dispatch = async (request) => {
    open += 1
    const reply = await dispatch(request)
    open -= 1
    quiet = 0
    return reply
  }
  const sleep = (ms: number) => {
    asleep += 1
    return new Promise<void>((resolve) => {
      clock.at(clock.now() + ms, () => {
        asleep -= 1
        quiet = 0
        resolve()
      })
    })
  }
  return {
    time: {
      now: () => clock.now(),
      remaining: () => Math.max(0, end - clock.now()),
      sleep,
      random: () => 0.5,
    },
    async run(work) {
      let isDone = false
      const ended = () => {
        isDone = true
      }
      work.then(ended, ended)
      while (!isDone) {
        await setImmediate()
        quiet = open > 0 ? 0 : quiet + 1
        if (quiet < quietTurns || asleep === 0) continue
        quiet = 0
        await clock.advance(Math.max(0, (clock.next() ?? clock.now()) - clock.now()))
      }
      return work
    },
  }
}
