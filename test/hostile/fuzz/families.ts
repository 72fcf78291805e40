import fc from 'fast-check'
import type { Lambdas } from '../../simulation/lambdas.ts'
import { allSettings, documents, events, lives } from './arbitraries.ts'
import { applySettings, keepDocuments, sendEvents } from './inputs.ts'
import { live } from './lives.ts'
import { type Problem, type Sort, sorts } from './recorder.ts'
import type { Tried } from './scenes.ts'

type Run = (given: {
  seed: number
  runs: number
  path?: string | undefined
  lambdas?: Lambdas | undefined
  /** A failure is made smaller, which takes long. */
  shrinks?: boolean
}) => Promise<Figures>

/** A sort of hostile input, and the property that has to hold for it. */
export interface Family {
  readonly name: string
  /** Worlds in the ordinary tests, each with many inputs. */
  readonly runs: number
  readonly run: Run
}

/** What was tried, and what was found. */
export interface Figures {
  readonly inputs: number
  readonly found: Readonly<Record<Sort, number>>
  /** One text for each failure: what was found, and how to run it again. */
  readonly failures: readonly string[]
}

export const nothing: Figures = {
  inputs: 0,
  found: { crash: 0, leak: 0, 'foreign host': 0, unbounded: 0, state: 0 },
  failures: [],
}

export function added(one: Figures, other: Figures): Figures {
  const found = Object.fromEntries(sorts.map((sort) => [sort, one.found[sort] + other.found[sort]]))
  return {
    inputs: one.inputs + other.inputs,
    found: found as Figures['found'],
    failures: [...one.failures, ...other.failures],
  }
}

/** Thrown for fast-check, which makes the input that it came of smaller. */
class Found extends Error {
  readonly tried: Tried
  constructor(tried: Tried) {
    super(tried.problems.map(({ sort, text }) => `${sort}: ${text}`).join('\n'))
    this.tried = tried
  }
}

function family<T>(of: {
  name: string
  runs: number
  inputs: fc.Arbitrary<T>
  attempt: (input: T, lambdas?: Lambdas) => Promise<Tried>
}): Family {
  const { name, runs: worlds, inputs: arbitrary, attempt } = of
  const run: Run = async ({ seed, runs, path, lambdas, shrinks = false }) => {
    let inputs = 0
    let smallest: Tried | undefined
    const property = fc.asyncProperty(arbitrary, async (input) => {
      const tried = await attempt(input, lambdas)
      inputs += tried.inputs
      if (tried.problems.length === 0) return
      smallest = tried
      throw new Found(tried)
    })
    const rest = { ...(path !== undefined && { path }), endOnFailure: !shrinks }
    const details = await withShortStacks(() => fc.check(property, { seed, numRuns: runs, ...rest }))
    if (!details.failed) return { ...nothing, inputs }
    const problems = details.errorInstance instanceof Found ? details.errorInstance.tried.problems : []
    const found = countsOf(problems)
    const log = smallest?.log.slice(-20).map((line) => `      ${line}`) ?? []
    const failure = [
      `node scripts/prove-hostile.ts '${name}' ${details.seed} ${details.counterexamplePath}`,
      `    ${String(details.errorInstance).replaceAll('\n', '\n    ')}`,
      `    ${JSON.stringify(details.counterexample)}`,
      ...log,
    ]
    return { inputs, found, failures: [failure.join('\n')] }
  }
  return { name, runs: worlds, run }
}

/** Gathering the stacks of errors that are told by their code takes a tenth of the time. */
async function withShortStacks<T>(work: () => Promise<T>): Promise<T> {
  const { stackTraceLimit } = Error
  Error.stackTraceLimit = 4
  try {
    return await work()
  } finally {
    Error.stackTraceLimit = stackTraceLimit
  }
}

function countsOf(problems: readonly Problem[]): Figures['found'] {
  const counts = sorts.map((sort) => [sort, problems.filter((one) => one.sort === sort).length])
  return Object.fromEntries(counts) as Figures['found']
}

export const families: readonly Family[] = [
  family({ name: 'events', runs: 90, inputs: events, attempt: sendEvents }),
  family({ name: 'documents', runs: 60, inputs: documents, attempt: keepDocuments }),
  family({ name: 'policy and tags', runs: 52, inputs: allSettings, attempt: applySettings }),
  family({ name: 'replies of Dfns', runs: 150, inputs: lives('dfns', false), attempt: live }),
  family({ name: 'lies of Dfns', runs: 40, inputs: lives('dfns', true), attempt: live }),
  family({ name: 'replies of AWS', runs: 45, inputs: lives('aws', false), attempt: live }),
]

/** One line for a report. */
export const lineOf = ({ inputs, found }: Figures): string =>
  `${inputs.toLocaleString('en')} inputs, ${found.crash} crashes, ${found.leak} leaks, ` +
  `${found['foreign host']} requests to foreign hosts, ${found.unbounded} without end, ${found.state} states broken`
