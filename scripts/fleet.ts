import { writeFileSync } from 'node:fs'
import { type FleetFigures, runFleet } from '../test/fleet/fleet.ts'
import { failuresOf, lineOf } from '../test/fleet/report.ts'
import { drawingOf, type RecordedFleet } from './fleet/drawing.ts'

// Lives through the rotation of a fleet, of 10,000 secrets unless told otherwise, and writes its week to
// docs/fleet.json and docs/fleet.svg.
const recorded = new URL('../docs/fleet.json', import.meta.url)
const drawn = new URL('../docs/fleet.svg', import.meta.url)
const hours = 7 * 24

function weekOf({ figures, perMinute }: { figures: FleetFigures; perMinute: number }): RecordedFleet {
  const { secrets, counts, doneAt } = figures
  const most = (minutes: readonly (number | undefined)[], hour: number) =>
    Math.max(0, ...Array.from(minutes.slice(hour * 60, (hour + 1) * 60), (count) => count ?? 0))
  const eachHour = (of: (hour: number) => number) => Array.from({ length: hours }, (_, hour) => of(hour))
  return {
    secrets,
    perMinute,
    answered: eachHour((hour) => most(counts.answered, hour)),
    rotated: eachHour((hour) => doneAt.filter((minute) => Math.floor(minute / 60) === hour).length),
  }
}

const secrets = Number(process.argv[2] ?? 10_000)
const perMinute = secrets / 10
const figures = await runFleet({ secrets, occasion: 'spread' })
const week = weekOf({ figures, perMinute })
writeFileSync(recorded, `${JSON.stringify(week)}\n`)
writeFileSync(drawn, drawingOf(week))
console.log([lineOf({ figures, perMinute }), ...failuresOf(figures)].join('\n'))
