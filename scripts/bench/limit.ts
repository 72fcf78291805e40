import type { Dependencies, DependencyTable } from './chain.ts'
import type { TimedCall } from './meter.ts'
import { namesOf } from './names.ts'

// For the ways of which nobody wrote down what has to wait for what: the least that follows from a
// recording. It errs on the side of waiting, so that what it finds needless is needless.

/** Known to whoever invokes the function, or decided before anything may be asked of Dfns. */
const gates = ['DescribeSecret', 'GetParameter']

/** A signature counts as the effect: a signed action is as good as the call. */
const hasEffect = ({ request: { service, operation } }: TimedCall): boolean =>
  service === 'dfns'
    ? /^(POST|PUT|DELETE) /.test(operation) && !/\/init$|^POST \/auth\/login/.test(operation)
    : /^(Put|Update|Create|Delete)/.test(operation)

/**
 * What each call of a phase waits for, read off its recording:
 * - a value in its request that a reply brought, and that was not known before: the first reply that has it;
 * - a request to Dfns: the secret's description and the policy;
 * - an effect: everything that was answered before it began;
 * - whatever began after an effect was answered: that effect, at whose work it may look.
 */
export function derivedTable(calls: readonly TimedCall[]): DependencyTable {
  const names = namesOf(calls)
  const nameOf = (call: TimedCall) => names[calls.indexOf(call)] ?? ''
  const firstReply = Math.min(...calls.map(({ end }) => end))
  const given = new Set(calls.filter(({ start }) => start < firstReply).flatMap(valuesIn))
  const dependenciesOf = (call: TimedCall): Dependencies => {
    const before = calls.filter(({ end }) => end <= call.start).toSorted((a, b) => a.end - b.end)
    const needs = valuesIn(call)
      .filter((value) => !given.has(value))
      .flatMap((value) => before.find(({ reply }) => reply.body.includes(value)) ?? [])
    const isGate = ({ request }: TimedCall) =>
      call.request.service === 'dfns' && gates.includes(request.operation)
    const guards = before.filter((one) => isGate(one) || hasEffect(call))
    return {
      needs: namesFor(needs.map(nameOf)),
      guardedBy: namesFor(guards.map(nameOf)),
      after: namesFor(before.filter(hasEffect).map(nameOf)),
    }
  }
  return Object.fromEntries(calls.map((call) => [nameOf(call), dependenciesOf(call)]))
}

const namesFor = (names: readonly string[]) => [...new Set(names)]

/** Every value of a request that a reply may have brought: ids, tokens, challenges. */
function valuesIn({ request: { headers = {}, operation, body } }: TimedCall): string[] {
  const token = headers['authorization']?.replace(/^Bearer /, '')
  const signed = headers['x-dfns-useraction']
  const found = [token, signed, ...operation.split('/'), ...stringsIn(body)]
  // Shorter ones are words.
  return found.filter((value): value is string => value !== undefined && value.length >= 12)
}

function stringsIn(json: string): string[] {
  if (json === '') return []
  const strings: string[] = []
  JSON.parse(json, (_name, value: unknown) => {
    // What is to be signed travels as text.
    if (typeof value === 'string') strings.push(value, ...(value.startsWith('{') ? stringsIn(value) : []))
    return value
  })
  return strings
}
