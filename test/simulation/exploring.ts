import { callFaults, type Overtake, type Struck } from './faults.ts'
import { whileStanding } from './invocation.ts'
import type { Lambdas } from './lambdas.ts'
import { type Forgotten, likenessOf } from './likeness.ts'
import {
  finished,
  found,
  isConcurrent,
  planOf,
  prepared,
  type Scenario,
  type Strike,
  type Trouble,
} from './matrix.ts'
import { keep, type Moment, putBackWithin } from './moments.ts'
import { createTraveller, type Place, type Traveller } from './travels.ts'
import type { SimulatedCall, Simulation } from './world.ts'

// Every pair of faults of one world, or every single fault, by what explicit-state model checkers do: where two runs come to
// the same state, what follows is run once.
//
// A state is the world just before an invocation. Nothing of a process outlives its invocation here, so what happens from
// there on is determined by the world, by the event, and by the faults that are still to strike. Two states are the same if
// `likenessOf` and the event are (see there): byte by byte, with nothing renamed. A world draws anew at each turn (turns.ts),
// and so also keys and ids are the same where the moments are.
//
// - The run without a fault passes some states: two faults are still to strike. From each of them every fault at every call
//   of its invocation is run; and for each of these every second fault at every later call of the same invocation.
// - What a first fault leads to is a state, with one fault still to strike. One that was there before is not looked at again:
//   whatever may strike from there on has struck. From any other the run goes on without a fault to its end, each state
//   on its way is noted, and from each every fault at every call of its invocation is run.
// - What a second fault leads to is a state, with no fault to strike. Where it was there before, it is known how that ends.
//   From any other the run goes on to its end.
//
// So every pair is covered: by itself, or by one that went another way to the same state. Of single faults each is run by
// itself, from the state in which it strikes to one whose end is known.

/** How a run without further faults ends from a state. */
export interface End {
  /** Calls until then. */
  readonly calls: number
  /** Likeness of the world at the end. */
  readonly state: string
  readonly problems: readonly string[]
  /** AWSCURRENT's key is registered twice, which only two invocations at once may lead to. */
  readonly isDouble: boolean
}

/** By call: the likeness of the world as it leaves; nothing where another call is under way beside it. */
type Seen = Map<number, string | undefined>

/** A state with a fault still to strike. */
interface Standing {
  readonly key: string
  readonly place: Place
  /** The fault that led to it first; none led to the states of the calm run. */
  readonly first: Strike | undefined
  /** Calls of its invocation, while nothing strikes. */
  readonly calls: number
  readonly seen: Seen
  /** The state after it; none if that was the last invocation. */
  readonly next: string | undefined
}

/** What an invocation that overtook another has left. */
interface Overtaken {
  readonly left: string
  readonly calls: number
}

/** Something that did not converge. */
export interface Failure {
  readonly trouble: Trouble
  readonly problems: readonly string[]
}

export interface Explored {
  /** First faults that there are, and pairs. */
  firsts: number
  pairs: number
  /** Runs that were made, each from a state to one that is known, and the calls in them. */
  runs: number
  calls: number
  /** Different states: with a fault still to strike, and all. */
  striking: number
  states: number
  readonly failures: Failure[]
}

/** What came of a first fault alone, and how many calls there were after its invocation. */
interface First extends Came {
  readonly standing: Standing
  readonly later: number
}

interface Exploration {
  readonly scenario: Scenario
  readonly arn: string
  readonly world: Simulation
  readonly traveller: Traveller
  readonly forgotten: Forgotten
  readonly explored: Explored
  /** Phase and operation of each call, while nothing strikes. */
  readonly names: string[]
  /** How each known state ends, if nothing more strikes. */
  readonly ends: Map<string, End>
  /** States with a fault still to strike. */
  readonly standing: Map<string, Standing>
  readonly queue: Standing[]
  /** By state and likeness: what came of it when the process died. */
  readonly deaths: Map<string, End>
  /** By state, likeness, and what strikes the one that overtakes. */
  readonly overtaken: Map<string, Overtaken>
  /** By likeness. */
  readonly left: Map<string, Moment>
  /** By state, the call that was overtaken, and what that left: what came of it. */
  readonly joins: Map<string, End>
  /** What came of each first fault. */
  readonly firsts: Map<string, First>
  /** What came of each last fault, by the state that it struck in and what struck. */
  readonly outcomes: Map<string, End>
  /** States that faults led to which are no concurrent ones. */
  readonly plain: Set<string>
  readonly doubles: { readonly key: string; readonly trouble: Trouble }[]
}

export interface Choice {
  /** How many strike in one run: two, unless given. */
  readonly faults?: 1 | 2
  /** Whether a state, or a first fault, is of the share. */
  readonly isOurs?: (text: string) => boolean
  /** The first faults that are looked at: all, unless a test is content with some. */
  readonly isFirst?: (first: Strike, calls: readonly string[]) => boolean
  readonly forgotten?: Forgotten
  readonly lambdas?: Lambdas | undefined
  readonly progress?: (explored: Explored) => void
}

const eachFault = (calls: readonly number[]): readonly Strike[] =>
  calls.flatMap((call) => callFaults.map((fault) => ({ fault, call })))

const range = (from: number, to: number): readonly number[] =>
  Array.from({ length: Math.max(0, to - from) }, (_, index) => from + index)

const nameOf = ({ fault, call }: Strike) => `${fault} ${call}`

/** Covers every pair of faults in a world, or those of a share; or every single one. */
export async function explore(scenario: Scenario, choice: Choice = {}): Promise<Exploration> {
  const { faults = 2, isOurs = () => true, isFirst = () => true, progress = () => {} } = choice
  const exploration = await opened(scenario, choice)
  const { world, explored, queue } = exploration
  try {
    const calm = await journey(exploration, { trouble: { fault: 'none' }, striking: true })
    // What may strike first from a state of the calm run strikes below.
    queue.length = 0
    for (let key = calm.led; key !== undefined; ) {
      const standing = standingAt(exploration, key)
      for (const first of eachFault(range(standing.place.calls, standing.place.calls + standing.calls))) {
        if (!isFirst(first, exploration.names)) continue
        if (faults === 1) await strikeAlone({ exploration, standing, first })
        else await strikeFirst({ exploration, standing, first, isOurs })
        progress(explored)
      }
      key = standing.next
    }
    for (let standing = queue.shift(); standing; standing = queue.shift()) {
      if (isOurs(standing.key)) await strikeSecond(exploration, standing)
      progress(explored)
    }
    lookAtDoubles(exploration)
    explored.striking = exploration.standing.size
    explored.states = exploration.ends.size
    return exploration
  } finally {
    world.close()
  }
}

async function opened(scenario: Scenario, { forgotten = {}, lambdas }: Choice): Promise<Exploration> {
  const { world, arn } = await prepared({ scenario, trouble: { fault: 'none' }, lambdas })
  await world.begin(arn)
  return {
    scenario,
    arn,
    world,
    traveller: createTraveller({ world }),
    forgotten,
    explored: { firsts: 0, pairs: 0, runs: 0, calls: 0, striking: 0, states: 0, failures: [] },
    names: [],
    ends: new Map(),
    standing: new Map(),
    queue: [],
    deaths: new Map(),
    overtaken: new Map(),
    left: new Map(),
    joins: new Map(),
    firsts: new Map(),
    outcomes: new Map(),
    plain: new Set(),
    doubles: [],
  }
}

function standingAt({ standing }: Exploration, key: string): Standing {
  const found = standing.get(key)
  if (found === undefined) throw new Error('no such state')
  return found
}

interface Going {
  readonly trouble: Trouble
  readonly from?: Standing
  /** Another fault is still to strike: each state on the way has to be looked at. */
  readonly striking: boolean
}

interface Came {
  /** The first state that it came to; none if it came to its end. */
  readonly led: string | undefined
  readonly end: End
  /** Calls of the first invocation. */
  readonly made: number
  readonly seen: Seen
}

interface Passed {
  readonly key: string
  readonly place: Place
  readonly seen: Seen
}

/** Runs until a state that is known. */
async function journey(exploration: Exploration, going: Going): Promise<Came> {
  const { world, arn, traveller, ends, standing, explored, forgotten } = exploration
  const { trouble, from, striking } = going
  const struck: Struck[] = []
  const ahead = { joined: undefined as End | undefined, join: '' }
  const overtake = overtaking({ exploration, going, ahead })
  const strikes = planOf({ world, arn, trouble, struck, overtake })
  const begun = from?.place.calls ?? 0
  const passed: Passed[] = []
  const first: Seen = new Map()
  let joined: string | undefined
  let made: number | undefined
  let isStray = false
  const outcome = await traveller.travel({
    from: from?.place,
    plan: (call) => {
      const { invocation, index } = call
      isStray ||= invocation.isOver
      if (trouble.fault === 'none') exploration.names.push(`${invocation.phase} ${call.request.operation}`)
      const seen = passed.at(-1)?.seen ?? first
      if (striking && invocation.nth === 0)
        seen.set(index, invocation.underWay === 1 ? likenessOf(world, { forgotten }) : undefined)
      return strikes?.(call)
    },
    arrive: (placeOf) => {
      const place = placeOf()
      made ??= place.calls - begun
      const key = `${likenessOf(world, { forgotten })} ${place.event}`
      if (ends.has(key) && (!striking || standing.has(key))) {
        joined = key
        return 'stop'
      }
      passed.push({ key, place, seen: new Map() })
      return 'on'
    },
  })
  if (isStray) throw new Error('an invocation that was over went on')
  assertTame(exploration)
  const { calls } = world.counts
  explored.runs += 1
  explored.calls += calls - begun
  if (ahead.joined) {
    judge({ exploration, going, end: ahead.joined })
    return { led: undefined, end: ahead.joined, made: 0, seen: first }
  }
  const end = outcome === 'over' ? await ending(exploration, { trouble, struck }) : endOf(exploration, joined)
  note({ exploration, going, passed, joined, end, calls })
  judge({ exploration, going, end })
  if (ahead.join !== '') exploration.joins.set(ahead.join, end)
  return { led: passed[0]?.key ?? joined, end, made: made ?? calls - begun, seen: first }
}

function endOf({ ends }: Exploration, key: string | undefined): End {
  const end = ends.get(key ?? '')
  if (end === undefined) throw new Error('no such state')
  return end
}

/** The states that a run has passed are known from now on. */
function note(of: {
  exploration: Exploration
  going: Going
  passed: readonly Passed[]
  joined: string | undefined
  end: End
  calls: number
}): void {
  const { exploration, going, passed, joined, end, calls } = of
  const { ends, standing, queue } = exploration
  for (const [index, { key, place, seen }] of passed.entries()) {
    ends.set(key, { ...end, calls: end.calls + calls - place.calls })
    if (!going.striking || standing.has(key)) continue
    const next = passed[index + 1]
    const here: Standing = {
      key,
      place,
      seen,
      first: going.from === undefined ? undefined : (going.trouble as Strike),
      calls: (next?.place.calls ?? calls) - place.calls,
      next: next?.key ?? joined,
    }
    standing.set(key, here)
    queue.push(here)
  }
}

function judge(of: { exploration: Exploration; going: Going; end: End }): void {
  const { exploration, going, end } = of
  const { explored, doubles } = exploration
  const { trouble, from } = going
  const problems = [...end.problems]
  if (end.isDouble && !isConcurrent(trouble)) problems.push('AWSCURRENT was registered more than once')
  if (problems.length > 0) explored.failures.push({ trouble, problems })
  const second = trouble.fault === 'two' ? trouble.second : undefined
  if (end.isDouble && second && from?.first && !isConcurrent(second)) doubles.push({ key: from.key, trouble })
}

/** What has come of a run, at its end. */
async function ending(
  { world, scenario, arn, forgotten }: Exploration,
  { trouble, struck }: { trouble: Trouble; struck: readonly Struck[] },
): Promise<End> {
  const state = likenessOf(world, { forgotten })
  const isDouble = world.checkers.activeCurrent(arn) !== 1
  const left = await finished({ world, scenario, arn, trouble })
  return { calls: 0, state, isDouble, problems: [...found({ world, scenario, trouble, struck }), ...left] }
}

/** Far from its rate limit Dfns answers without regard to it. */
function assertTame({ world }: Exploration): void {
  for (const { window, switches } of world.dfns.state.organisations.values()) {
    if (window.requests > switches.rateLimit / 2) throw new Error('a run comes near the rate limit')
  }
}

/** Lets an invocation overtake another, or puts back what one that did the same has left. */
function overtaking(of: {
  exploration: Exploration
  going: Going
  ahead: { joined: End | undefined; join: string }
}): Overtake {
  const { exploration, going, ahead } = of
  const { world, overtaken, left, joins, forgotten, traveller } = exploration
  const { trouble, from } = going
  const work = async ({ index, invocation }: SimulatedCall) => {
    const before = `${from?.key} ${likenessOf(world, { forgotten, within: true })}`
    const { calls } = world.counts
    const alone = overtaken.get(`${before} `)?.calls ?? 0
    const inner = invocation.nth === 0 ? strikeWithin({ trouble, index, calls, alone }) : undefined
    const key = `${before} ${inner ? nameOf(inner) : ''}`
    const known = overtaken.get(key)
    if (known === undefined) {
      await world.again(invocation)
      const now = likenessOf(world, { forgotten, within: true })
      overtaken.set(key, { left: now, calls: world.counts.calls - calls })
      if (!left.has(now)) left.set(now, keep(world))
    } else {
      putBackWithin(left.get(known.left) ?? [])
      world.counts.calls = calls + known.calls
    }
    // From here on nothing strikes any more.
    const isLast = inner !== undefined || trouble.fault === 'overtaken'
    if (!isLast) return
    const join = `${from?.key} ${index} ${overtaken.get(key)?.left}`
    if (trouble.fault !== 'overtaken') ahead.joined = joins.get(join)
    ahead.join = join
    if (ahead.joined) await traveller.halt()
  }
  return (call) => whileStanding(call.invocation, () => work(call))
}

/** What strikes the one that overtakes, by its own calls. */
function strikeWithin(of: {
  trouble: Trouble
  index: number
  /** Calls before it. */
  calls: number
  /** Its own calls, while nothing strikes. */
  alone: number
}): Strike | undefined {
  const { trouble, index, calls, alone } = of
  if (trouble.fault !== 'two' || trouble.first.fault !== 'overtaken' || trouble.first.call !== index)
    return undefined
  const { fault, call } = trouble.second
  const own = call - calls
  return own >= 0 && own < alone ? { fault, call: own } : undefined
}

/** From a state of the calm run: a fault in its invocation, and none after it. */
async function strikeAlone(of: {
  exploration: Exploration
  standing: Standing
  first: Strike
}): Promise<void> {
  const { exploration, standing, first } = of
  const { end } = await journey(exploration, { trouble: first, from: standing, striking: false })
  exploration.outcomes.set(within(standing, first), end)
  exploration.explored.firsts += 1
}

/** From a state of the calm run: a first fault in its invocation, and every second one in the same. */
async function strikeFirst(of: {
  exploration: Exploration
  standing: Standing
  first: Strike
  isOurs: (text: string) => boolean
}): Promise<void> {
  const { exploration, standing, first, isOurs } = of
  const { explored, plain, deaths, firsts, outcomes } = exploration
  const begun = standing.place.calls
  const alone = await journey(exploration, { trouble: first, from: standing, striking: true })
  outcomes.set(within(standing, first), alone.end)
  const death = deathOf({ standing, strike: first, seen: standing.seen })
  if (death !== undefined) deaths.set(death, alone.end)
  if (alone.led !== undefined && !isConcurrent(first)) plain.add(alone.led)
  const late = range(first.call + 1, begun + alone.made)
  const later = alone.led === undefined ? 0 : endOf(exploration, alone.led).calls
  firsts.set(nameOf(first), { ...alone, standing, later })
  explored.firsts += 1
  explored.pairs += callFaults.length * (late.length + later)
  if (!isOurs(nameOf(first))) return
  for (const second of eachFault(late)) {
    const trouble = { fault: 'two', first, second } as const
    await strikeOnce({ exploration, standing, trouble, seen: alone.seen })
  }
}

/** From a state after a first fault: every second one in its invocation. */
async function strikeSecond(exploration: Exploration, standing: Standing): Promise<void> {
  const { first, place, calls, seen } = standing
  if (first === undefined) return
  for (const second of eachFault(range(place.calls, place.calls + calls))) {
    const trouble = { fault: 'two', first, second } as const
    await strikeOnce({ exploration, standing, trouble, seen })
  }
}

/** Runs a pair, unless it dies where another one died. `seen`: by the run without the second fault. */
async function strikeOnce(of: {
  exploration: Exploration
  standing: Standing
  trouble: Trouble & { fault: 'two' }
  seen: Seen
}): Promise<void> {
  const { exploration, standing, trouble, seen } = of
  const { deaths, outcomes } = exploration
  const going = { trouble, from: standing, striking: false } as const
  const death = deathOf({ standing, strike: trouble.second, seen })
  const known = deaths.get(death ?? '')
  const end = known ?? (await journey(exploration, going)).end
  if (known !== undefined) judge({ exploration, going, end })
  if (death !== undefined) deaths.set(death, end)
  const isSide = trouble.first.call >= standing.place.calls
  outcomes.set(isSide ? together(trouble) : within(standing, trouble.second), end)
}

const within = ({ key, place }: Standing, { fault, call }: Strike) => `${key} ${fault} ${call - place.calls}`

const together = ({ first, second }: { first: Strike; second: Strike }) =>
  `${nameOf(first)}, ${nameOf(second)}`

/** How many pairs a share covers; the shares together cover each once. */
export function covered({ firsts, standing }: Exploration, isOurs: (text: string) => boolean): number {
  let pairs = 0
  for (const [name, alone] of firsts) {
    const call = Number(/\d+$/.exec(name)?.[0])
    const late = alone.standing.place.calls + alone.made - call - 1
    if (isOurs(name)) pairs += callFaults.length * late
    for (let at = standing.get(alone.led ?? ''); at !== undefined; at = standing.get(at.next ?? ''))
      if (isOurs(at.key)) pairs += callFaults.length * at.calls
  }
  return pairs
}

/** How a single fault ends, by what was explored. */
export function foretold({ standing, outcomes }: Exploration, strike: Strike): End | undefined {
  const calm = [...standing.values()].filter(({ first }) => first === undefined)
  const at = calm.find(({ place, calls }) => place.calls <= strike.call && strike.call < place.calls + calls)
  return at && outcomes.get(within(at, strike))
}

/** How a pair ends, by what was explored; nothing if that was left to another share. */
export function predicted(
  exploration: Exploration,
  pair: { first: Strike; second: Strike },
): End | undefined {
  const { firsts, outcomes, standing } = exploration
  const { first, second } = pair
  const alone = firsts.get(nameOf(first))
  if (alone === undefined) return undefined
  let left = second.call - alone.standing.place.calls - alone.made
  if (left < 0) return outcomes.get(together(pair))
  let at = standing.get(alone.led ?? '')
  while (at !== undefined && left >= at.calls) {
    left -= at.calls
    at = standing.get(at.next ?? '')
  }
  return at && outcomes.get(within(at, { fault: second.fault, call: at.place.calls + left }))
}

/**
 * Where a process dies, if nothing else is under way: after a call, or before the next one, is the same. What it held
 * itself is gone, and the world is as it was at that moment.
 */
function deathOf(of: { standing: Standing; strike: Strike; seen: Seen }): string | undefined {
  const { standing, strike, seen } = of
  const { fault, call } = strike
  if (fault !== 'killed before' && fault !== 'killed after') return undefined
  const here = seen.get(call)
  const at = fault === 'killed before' || here === undefined ? here : seen.get(call + 1)
  return at && `${standing.key} ${at}`
}

/** A state may be reached by an overtaking first, and then by a fault after which nothing may be registered twice. */
function lookAtDoubles({ doubles, plain, standing, explored }: Exploration): void {
  for (const key of plain) {
    const next = standing.get(key)?.next
    if (next !== undefined) plain.add(next)
  }
  const problems = [
    'AWSCURRENT was registered more than once, and the first fault need not be a concurrent one',
  ]
  for (const { key, trouble } of doubles) if (plain.has(key)) explored.failures.push({ trouble, problems })
}
