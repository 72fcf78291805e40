import type { TimedCall } from './meter.ts'

type Named = Pick<TimedCall, 'request' | 'reply' | 'end'>

const signing = 'POST /auth/action'

/**
 * A name for each call of a phase, by which the dependency tables call it: the operation, and what tells it
 * from others of the same operation (`GetSecretValue AWSPENDING`, `POST /auth/action for PUT …`). What is
 * still the same is numbered in order of the replies: `GET /auth/credentials #2`.
 */
export function namesOf(calls: readonly Named[]): string[] {
  const signed = signedActions(calls)
  const names = calls.map((call) => nameOf(call, signed))
  // Of two that run side by side nobody can tell which is which: what waits for its own waits for the first.
  const inOrder = calls.map((_, index) => index).toSorted((a, b) => endOf(calls, a) - endOf(calls, b))
  return names.map((name, index) => {
    const same = inOrder.filter((other) => names[other] === name)
    return same[0] === index ? name : `${name} #${same.indexOf(index) + 1}`
  })
}

const endOf = (calls: readonly Named[], index: number) => calls[index]?.end ?? 0

/** Challenge identifier → the call that its challenge was asked for. */
function signedActions(calls: readonly Named[]): ReadonlyMap<string, string> {
  const challenges = calls.filter(({ request }) => request.operation === `${signing}/init`)
  return new Map(challenges.map((call) => [field(call.reply.body, 'challengeIdentifier'), actionOf(call)]))
}

function nameOf(call: Named, signed: ReadonlyMap<string, string>): string {
  const { operation, body } = call.request
  if (operation === `${signing}/init`) return `${operation} for ${actionOf(call)}`
  if (operation === signing) {
    return `${operation} for ${signed.get(field(body, 'challengeIdentifier')) ?? 'an unknown challenge'}`
  }
  const label = field(body, 'VersionStage')
  if (label !== '') return `${operation} ${label}`
  return operation === 'GetSecretValue' ? `${operation} by id` : operation
}

function actionOf({ request: { body } }: Named): string {
  return `${field(body, 'userActionHttpMethod')} ${field(body, 'userActionHttpPath')}`
}

function field(json: string, name: string): string {
  if (json === '') return ''
  const value = (JSON.parse(json) as Readonly<Record<string, unknown>>)[name]
  return typeof value === 'string' ? value : ''
}
