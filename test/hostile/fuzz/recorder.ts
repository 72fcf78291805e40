import type { InvocationResult } from '../../../sandbox/lambda/invocation.ts'
import { type Invocation, limits } from '../../simulation/invocation.ts'
import type { Simulation } from '../../simulation/world.ts'
import { foreignRequests } from './hosts.ts'

/** What must be nought: the columns of the report. */
export const sorts = ['crash', 'leak', 'foreign host', 'unbounded', 'state'] as const
export type Sort = (typeof sorts)[number]

export interface Problem {
  readonly sort: Sort
  readonly text: string
}

/** One invocation as it ended. */
interface Ended {
  readonly invocation: Invocation
  readonly result: InvocationResult
}

export interface Recorder {
  /** How each invocation ended. */
  log(): readonly string[]
  /** What no input may cause, in whatever world. `hidden`: texts that stand nowhere in what is printed or scheduled. */
  problems(hidden?: readonly string[]): readonly Problem[]
}

/** More than any invocation makes, and less than its time-out allows. */
const mostCalls = 1_000

/** Follows every invocation of a world to its end. */
export function recorderOf(world: Simulation, pool: readonly string[] = []): Recorder {
  const ended: Ended[] = []
  const before = foreignRequests.length
  const { checkers } = world
  const look = checkers.ended.bind(checkers)
  checkers.ended = (ending) => {
    ended.push(ending)
    forgetIds(ending.invocation, pool)
    look(ending)
  }
  return {
    log: () => ended.map(endOf),
    problems: (hidden = []) => [
      ...ended.flatMap(crashes),
      ...ended.flatMap((one) => leaks(one, hidden)),
      ...scheduled(world, hidden),
      ...ended.flatMap(unbounded),
      ...foreignRequests.slice(before).map((url): Problem => ({ sort: 'foreign host', text: url })),
      ...world.findings
        .filter(({ invariant }) => invariant === 'no secret in a log line or an error')
        .map(({ problem }): Problem => ({ sort: 'leak', text: problem })),
    ],
  }
}

/** An id that was put where a token stands is none. */
function forgetIds({ sensitive, documents }: Invocation, pool: readonly string[]): void {
  for (const id of pool) sensitive.delete(id)
  for (const text of documents) {
    const [, token = ''] = /"(?:authToken|webhookSecret)":"([^"]*)"/.exec(text) ?? []
    const isId = pool.includes(token) || text.split(`"${token}"`).length > 2
    if (isId) documents.delete(text)
  }
}

/** An audit goes on where it chokes on one secret, and says so: that is a crash, too. */
function crashes({ invocation, result }: Ended): readonly Problem[] {
  const { phase, lines } = invocation
  const choked = lines.filter((line) => line.includes('"message":"unexpected error"'))
  const texts = [
    ...choked.map((line) => `${phase}: ${line}`),
    ...(result.ok || result.errorType.startsWith('ERR_')
      ? []
      : [`${phase}: ${result.errorType}: ${result.errorMessage}`]),
  ]
  return texts.map((text) => ({ sort: 'crash', text }))
}

function leaks({ invocation, result }: Ended, hidden: readonly string[]): readonly Problem[] {
  const { phase, lines } = invocation
  const printed = bare([...lines, result.ok ? '' : result.errorMessage].join('\n'))
  return hidden
    .filter(
      (text) => printed.includes(bare(text)) || printed.includes(bare(JSON.stringify(text).slice(1, -1))),
    )
    .map((text) => ({ sort: 'leak', text: `${phase} printed ${JSON.stringify(text)}` }))
}

/** Neither a control that was printed as something else nor a break hides what stands around it. */
const bare = (text: string): string => text.replaceAll(/[\p{C}\p{Zl}\p{Zp}]/gu, '?')

function scheduled({ scheduler }: Simulation, hidden: readonly string[]): readonly Problem[] {
  const inputs = scheduler.list().map(({ settings }) => settings.Target.Input ?? '')
  return hidden
    .filter((text) => inputs.some((input) => input.includes(JSON.stringify(text).slice(1, -1))))
    .map((text) => ({ sort: 'leak', text: `a schedule holds ${JSON.stringify(text)}` }))
}

function unbounded({ invocation, result }: Ended): readonly Problem[] {
  const { phase, calls, spent } = invocation
  const isOver = spent >= limits.invocation || (!result.ok && result.errorType === 'Sandbox.Timedout')
  return [
    ...(isOver ? [`${phase} took ${spent} ms`] : []),
    ...(calls > mostCalls ? [`${phase} made ${calls} calls`] : []),
  ].map((text) => ({ sort: 'unbounded', text }))
}

function endOf({ invocation: { phase }, result }: Ended): string {
  return `${phase}: ${result.ok ? 'ok' : `${result.errorType}: ${result.errorMessage}`}`
}
