import type { Deliver, Outbox, Respond, Timers } from './webhook-model.ts'

const nobody: Deliver = () => Promise.resolve('no answer')

/**
 * Delivers to the receivers that were put at a URL, and hands what is for any other URL to `deliver` (unless
 * given, nobody answers there).
 */
export function createOutbox({
  clock,
  deliver = nobody,
}: {
  clock: Partial<Timers>
  deliver?: Deliver | undefined
}): Outbox {
  const receivers = new Map<string, Respond>()
  return {
    receive({ url, respond }) {
      receivers.set(new URL(url).href, respond)
    },
    deliver: async (delivery) => {
      const respond = receivers.get(new URL(delivery.url).href)
      return respond ? await respond(delivery) : await deliver(delivery)
    },
    at(time, task, about) {
      if (!clock.at) throw new Error('a delivery that failed is repeated, which needs a clock with timers')
      clock.at(time, task, about)
    },
  }
}
