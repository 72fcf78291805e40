import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { drawingOf, type RecordedFleet } from '../../scripts/fleet/drawing.ts'

const page = (name: string) => readFileSync(new URL(`../../docs/${name}`, import.meta.url), 'utf8')
const recorded = () => JSON.parse(page('fleet.json')) as RecordedFleet

test('docs/fleet.svg is drawn of docs/fleet.json, byte for byte, and docs/performance.md shows it', () => {
  expect(drawingOf(recorded())).toBe(page('fleet.svg'))
  expect(page('performance.md')).toContain('](fleet.svg)')
})

test('the recorded week rotates all but those of the hour it begins with, and Dfns answers no more than its limit', () => {
  const { secrets, perMinute, answered, rotated } = recorded()
  expect([answered.length, rotated.length]).toEqual([168, 168])
  const all = rotated.reduce((sum, one) => sum + one, 0)
  expect(all).toBeGreaterThan(0.98 * secrets)
  expect(all).toBeLessThanOrEqual(secrets)
  // A minute of the clock may see the ends of two of Dfns's own.
  expect(Math.max(...answered)).toBeLessThanOrEqual(2 * perMinute)
})
