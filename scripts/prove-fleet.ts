import { failuresOf, lineOf, nameOf } from '../test/fleet/report.ts'

const secrets = 10_000
const perMinute = 1_000

const cases = [
  { occasion: 'spread', tells: 'limits' },
  { occasion: 'pressed', tells: 'limits' },
  { occasion: 'pressed', tells: 'nothing' },
  { occasion: 'one window', tells: 'limits' },
] as const

const hourMs = 3_600_000

/** Rotates 10,000 secrets of one organisation in virtual time, with the real functions, on each occasion. */
export async function proveFleets(parts: {
  isWanted: (name: string) => boolean
  showProgress: (text: string) => void
  conclude: (part: { name: string; line: string; failures: readonly string[] }) => void
}): Promise<void> {
  const { isWanted, showProgress, conclude } = parts
  for (const one of cases) {
    const name = nameOf({ secrets, ...one })
    if (!isWanted(name)) continue
    const { runFleet } = await import('../test/fleet/fleet.ts')
    const figures = await runFleet({
      secrets,
      ...one,
      progress: ({ rotated, of, at }) =>
        showProgress(`${name}: hour ${Math.floor(at / hourMs)}, ${rotated} of ${of} rotated`),
    })
    conclude({ name, line: lineOf({ figures, perMinute }), failures: failuresOf(figures) })
  }
}
