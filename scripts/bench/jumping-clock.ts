import { renameSync, writeFileSync } from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import timers from 'node:timers/promises'

// Loaded before a function: whoever sleeps is woken at once, and the clock has moved on by that much. So an
// audit's waiting for its share of Dfns's rate limit takes no time, and the rest takes what it takes.

const realNow = Date.now.bind(Date)
const sleepers: { readonly at: number; readonly wake: () => void }[] = []
let skippedMs = 0
let isArmed = false

const now = () => realNow() + skippedMs
Date.now = now

/** Others may be about to go to sleep, too, or to hear an answer. */
const pauseMs = 5

function arm(): void {
  if (isArmed || sleepers.length === 0) return
  isArmed = true
  setTimeout(jump, pauseMs)
}

function jump(): void {
  isArmed = false
  skippedMs += Math.max(0, Math.min(...sleepers.map(({ at }) => at)) - now())
  const isDue = ({ at }: { at: number }) => at <= now()
  for (const due of sleepers.filter(isDue)) {
    sleepers.splice(sleepers.indexOf(due), 1)
    due.wake()
  }
  arm()
}

const sleep = (ms = 0) =>
  new Promise<void>((wake) => {
    sleepers.push({ at: now() + ms, wake })
    arm()
  })

Object.assign(timers, { setTimeout: sleep })
syncBuiltinESMExports()

/** The process is killed in the end, so it tells its peak as it goes. */
const memoryFile = process.env['BENCH_MEMORY_FILE']
if (memoryFile !== undefined) {
  const tell = () => {
    // Whoever reads it is not to find it half written.
    writeFileSync(`${memoryFile}.new`, String(process.resourceUsage().maxRSS))
    renameSync(`${memoryFile}.new`, memoryFile)
  }
  setInterval(tell, 100).unref()
}
