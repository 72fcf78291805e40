// First: whatever draws at random has to draw from the seed.
import './seeded-crypto.ts'
import { expect, test } from 'vitest'
import { tryOut } from './breakage.ts'
import { breakages } from './breakages.ts'
import { explore, foretold, predicted } from './exploring.ts'
import { callFaults } from './faults.ts'
import { type Forgotten, likenessOf } from './likeness.ts'
import { otherKinds, run, type Scenario, scenarios, type Strike, type Trouble } from './matrix.ts'
import { seededRandom } from './random.ts'

const worldNamed = (name: string): Scenario => {
  const found = [...scenarios, ...otherKinds].find((one) => one.name === name)
  if (found === undefined) throw new Error(`there is no world ${name}`)
  return found
}

/** A schedule as it is, from its beginning to its end. */
async function whole(of: { scenario: Scenario; trouble: Trouble; forgotten?: Forgotten }) {
  let state = ''
  const { problems, calls, struck } = await run({
    ...of,
    atEnd: (world) => {
      state = likenessOf(world, of.forgotten && { forgotten: of.forgotten })
    },
  })
  return { state, problems, calls: calls.length, struck: struck.length }
}

const sampled = 6

test.each([
  'grace PT0S, adopted first credential, duplicate ids refused',
  'grace PT24H, own first credential, duplicate ids allowed',
  'UserKey, grace PT24H',
])(
  '%s: a pair that was left out ends, when it is run, as the one that stands for it',
  {
    timeout: 120_000,
  },
  async (name) => {
    const scenario = worldNamed(name)
    const random = seededRandom(7)
    const exploration = await explore(scenario, {
      isFirst: () => random() < 0.015,
      isOurs: () => random() < 0.2,
    })
    const firsts = [...exploration.firsts]
    const wrong: unknown[] = []
    for (let left = sampled; left > 0; ) {
      const [text, { later: after, made, standing }] = firsts[Math.floor(random() * firsts.length)] ?? fail()
      const [, kind, at] = /^(.*) (\d+)$/.exec(text) ?? []
      const first = { fault: kind, call: Number(at) } as Strike
      const later = standing.place.calls + made + after - first.call - 1
      const call = first.call + 1 + Math.floor(random() * later)
      const second = { fault: callFaults[Math.floor(random() * callFaults.length)] ?? 'refused', call }
      const foretold = predicted(exploration, { first, second })
      if (foretold === undefined) continue
      left -= 1
      const came = await whole({ scenario, trouble: { fault: 'two', first, second } })
      const { state, problems } = foretold
      if (came.struck !== 2 || came.state !== state || String(came.problems) !== String(problems))
        wrong.push({ first, second, came, foretold })
    }
    expect(wrong).toEqual([])
  },
)

test.each([
  'grace PT0S, own first credential, duplicate ids allowed',
  'replaced account, grace PT24H',
  'webhook, grace PT26H',
])('%s: a single fault ends, when it is run whole, as it is told to', { timeout: 120_000 }, async (name) => {
  const scenario = worldNamed(name)
  const random = seededRandom(5)
  const isFirst = () => random() < 0.05
  const strikes: Strike[] = []
  const exploration = await explore(scenario, {
    faults: 1,
    isFirst: (strike) => isFirst() && strikes.push(strike) > 0,
  })
  const wrong: unknown[] = []
  for (const strike of strikes) {
    const told = foretold(exploration, strike)
    const came = await whole({ scenario, trouble: strike })
    if (came.struck !== 1 || came.state !== told?.state || String(came.problems) !== String(told.problems))
      wrong.push({ strike, came, told })
  }
  expect(strikes.length).toBeGreaterThan(10)
  expect(wrong).toEqual([])
})

function fail(): never {
  throw new Error('no first fault was explored')
}

/** Both deaths at the move of AWSCURRENT: what is foretold of each, and what comes. */
async function deathsAtTheMove(forgotten: Forgotten): Promise<{ foretold: number; came: number }[]> {
  const scenario = worldNamed('grace PT24H, adopted first credential, duplicate ids refused')
  const move = 'finishSecret UpdateSecretVersionStage'
  const { firsts } = await explore(scenario, {
    isFirst: ({ fault, call }, names) => fault.startsWith('killed') && call === names.indexOf(move),
    isOurs: () => false,
    forgotten,
  })
  const found: { foretold: number; came: number }[] = []
  for (const [text, { made, later, standing }] of firsts) {
    const [, fault, call] = /^(.*) (\d+)$/.exec(text) ?? []
    const trouble = { fault, call: Number(call) } as Strike
    const { calls } = await whole({ scenario, trouble, forgotten })
    found.push({ foretold: standing.place.calls + made + later, came: calls })
  }
  return found
}

test('a likeness that forgets the labels takes a rotation that is done for one that is not', async () => {
  const asItIs = await deathsAtTheMove({})
  expect(asItIs).toHaveLength(2)
  for (const { foretold, came } of asItIs) expect(foretold).toBe(came)
  const forgetful = await deathsAtTheMove({ secrets: ['labels'], watched: ['current', 'superseded'] })
  expect(forgetful.some(({ foretold, came }) => foretold !== came)).toBe(true)
})

test('what is broken only where two faults meet is found', { timeout: 120_000 }, async () => {
  const breakage = breakages.find(({ name }) => name === 'remove what another attempt has just made')
  if (breakage === undefined) throw new Error('there is no such breakage')
  const { broken, asItIs } = await tryOut({
    ...breakage,
    probe: async (lambdas) => {
      const { explored } = await explore(worldNamed('webhook, grace PT26H'), {
        lambdas,
        isFirst: ({ fault, call }, names) =>
          fault === 'overtaken' && names[call] === 'createSecret PutSecretValue',
        isOurs: (text) => text.startsWith('overtaken'),
      })
      return explored.failures.flatMap(({ problems }) => problems)
    },
  })
  expect(asItIs).toEqual([])
  expect(broken.join('\n')).toMatch(breakage.caughtBy)
})
