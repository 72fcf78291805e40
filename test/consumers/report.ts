import type { DeliveriesOutcome } from './deliveries.ts'
import type { Outcome } from './run.ts'

/** What came of a proof: a line that says what was run, and every promise that was broken, in full. */
export interface ProofResult {
  readonly line: string
  readonly failures: readonly string[]
}

const counted = new Intl.NumberFormat('en')
const count = (number: number, what: string) => `${counted.format(number)} ${what}`
const days = (virtual: number) => `${virtual.toFixed(1)} virtual days`
const listed = (counts: Readonly<Record<string, number>>) =>
  Object.entries(counts)
    .map(([name, number]) => count(number, name))
    .join(', ')
const sum = (counts: Readonly<Record<string, number>>) =>
  Object.values(counts).reduce((total, one) => total + one, 0)

export function signingResult(outcome: Outcome): ProofResult {
  const { seed, calls, rotations, failures, givenUp, miscounted, struck } = outcome
  const all = calls.library + calls.plain
  const line = [
    `seed ${seed}: ${count(outcome.applications, 'applications')}`,
    `${count(sum(rotations), 'rotations')} (${listed(rotations)})`,
    count(outcome.retirements, 'retirements'),
    days(outcome.virtualDays),
    `${count(all, 'signed calls')} (${listed(calls)})`,
    count(outcome.stoodStill, 'times between two requests of one something else came'),
    count(outcome.repeated, 'attempts spoiled by the network'),
    `faults: ${listed(struck)}`,
    `${failures.length} failed, ${givenUp.length} given up because of the network, ${miscounted.length} miscounted`,
  ].join('; ')
  const told = [...failures, ...givenUp].map(({ at, call, error, story }) =>
    [`seed ${seed}, ${new Date(at).toISOString()}, ${call}: ${error}`, ...story].join('\n    '),
  )
  return { line, failures: [...told, ...miscounted.map((text) => `seed ${seed}: ${text}`)] }
}

export function deliveriesResult(outcome: DeliveriesOutcome): ProofResult {
  const { seed, lost, twice, unheard, accepted, forged } = outcome
  const line = [
    `seed ${seed}: ${count(outcome.deliveries, 'deliveries')} of ${count(outcome.events, 'events')}`,
    count(outcome.rotations, 'rotations'),
    days(outcome.virtualDays),
    `${count(outcome.retries, 'retries')}, ${count(outcome.copies, 'copies by the network')}`,
    `answered: ${listed(outcome.answers)}`,
    count(outcome.duplicates, 'duplicates seen'),
    `${count(sum(forged), 'forged or replayed')} (${listed(forged)}), of which ${accepted.length} were accepted`,
    `faults of the functions: ${listed(outcome.struck)}`,
    `${lost.length} lost, ${twice.length} handled twice`,
  ].join('; ')
  const because = (why: string) => (text: string) => `seed ${seed}, ${why}: ${text}`
  const failures = [
    ...lost.map(because('lost')),
    ...twice.map(because('handled twice')),
    ...unheard.map(because('the receiver was down at all five attempts')),
    ...accepted.map(because('accepted')),
  ]
  return { line, failures }
}
