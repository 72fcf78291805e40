import { minuteMs, type Time } from './time.ts'

/** What is left to everybody else of the organisation. */
const ownShare = 0.6

/**
 * A time that keeps one invocation's requests to Dfns inside its share of the rate limit: at most `perMinute`
 * in any minute, fewer where Dfns tells a lower limit (`X-RateLimit-Limit`, requests a minute), and none
 * until the moment that a 429 names. Dfns counts the requests of an organisation by the minute.
 */
export function paced(given: { time: Time; perMinute: number }): Time {
  const { time } = given
  const sent: number[] = []
  let { perMinute } = given
  let quietUntil = 0
  return {
    ...time,
    async turn() {
      for (;;) {
        const now = time.now()
        while (sent[0] !== undefined && sent[0] <= now - minuteMs) sent.shift()
        const free = sent.length < perMinute ? now : (sent[0] ?? now) + minuteMs
        const at = Math.max(free, quietUntil)
        if (at <= now) return void sent.push(now)
        await time.sleep(Math.min(at - now, Math.max(1, time.remaining())))
        // Whoever waits for its turn beyond the end of the invocation fails by its own deadline.
        if (time.remaining() === 0) return
      }
    },
    told({ limit, retryAfterMs }) {
      if (limit !== undefined) perMinute = Math.max(1, Math.min(perMinute, Math.floor(limit * ownShare)))
      if (retryAfterMs > 0) quietUntil = Math.max(quietUntil, time.now() + retryAfterMs)
    },
  }
}
