import type { Clock } from '../../sandbox/clock.ts'

const minuteMs = 60_000
const hourMs = 60 * minuteMs

/**
 * Whether the receiver is down at a time: for minutes every few hours, and for up to 20 hours every few days. It never is
 * at all of Dfns's five attempts: after a long outage comes a day and more without any.
 */
export function outagesOf({ clock, random }: { clock: Clock; random: () => number }) {
  const outages: { readonly from: number; readonly to: number }[] = []
  let planned = clock.now()
  const plan = () => {
    const isLong = random() < 0.08
    const from = planned + (1 + random() * 7) * hourMs
    const to = from + (isLong ? (3 + 17 * random()) * hourMs : random() * 11 * minuteMs)
    outages.push({ from, to })
    planned = isLong ? from + 50 * hourMs : to
  }
  return (time: number): boolean => {
    while (planned <= time) plan()
    return outages.some(({ from, to }) => from <= time && time < to)
  }
}
