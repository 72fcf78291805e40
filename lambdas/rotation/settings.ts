import type { WebhookPing, Wish } from '../credentials/credential.ts'
import { type AlgorithmChoice, algorithmChoices } from '../crypto/algorithms.ts'
import { isCode, RotationError } from '../errors.ts'
import type { Log } from '../ports/log.ts'
import { readDuration } from './duration.ts'
import type { Policy } from './policy.ts'

export const strategies = ['auto', 'self', 'signer', 'replace'] as const satisfies readonly Wish[]
export const pings = ['required', 'best-effort'] as const satisfies readonly WebhookPing[]

/** How our tags begin. */
export const tagPrefix = 'dfns-rotator:'

/** What an owner chose for one secret by its tags, within the policy's limits. */
export interface Settings {
  readonly strategy: Wish
  readonly keyAlgorithm: AlgorithmChoice
  /** Whether, without a scheduler, AWSPREVIOUS is retired when the next rotation begins. */
  readonly retiresAtNextRotation: boolean
  /** Whether a credential that was used within the last hour gets one more grace, once. */
  readonly holdIfUsed: boolean
  /**
   * Milliseconds for which a superseded credential stays active; one that was adopted has its own default.
   */
  graceOf(superseded: { isAdopted: boolean }): number
}

type Readers = Readonly<Record<string, (value: string) => unknown>>

/**
 * Reads the tags `dfns-rotator:…` of a secret. One that does not parse, is unknown, or lies outside the
 * limits is an error.
 */
export function readSettings(secret: {
  tags: ReadonlyMap<string, string>
  policy: Policy
  kind: string
}): Settings {
  const { tags, policy, kind } = secret
  const { min, max } = policy.grace
  const inLimits = (ms: number | undefined) => (ms !== undefined && ms >= min && ms <= max ? ms : undefined)
  const knobs = {
    grace: (value) => inLimits(readDuration(value)),
    strategy: oneOf(strategies),
    'key-algorithm': oneOf(algorithmChoices),
    'webhook-ping': oneOf(pings),
    'hold-if-used': oneOf(['true', 'false']),
  } satisfies Readers
  const read = <T>(name: string, reader: (value: string) => T | undefined): T | undefined => {
    const value = tags.get(tagPrefix + name)
    return value === undefined ? undefined : (reader(value) ?? refuse(name))
  }
  for (const key of tags.keys()) {
    const name = key.slice(tagPrefix.length)
    if (key.startsWith(tagPrefix))
      read(name, Object.hasOwn(knobs, name) ? ((knobs as Readers)[name] ?? nothing) : nothing)
  }
  const grace = read('grace', knobs.grace)
  const clamped = (ms: number) => Math.min(max, Math.max(min, ms))
  return {
    strategy: read('strategy', knobs.strategy) ?? 'auto',
    keyAlgorithm: read('key-algorithm', knobs['key-algorithm']) ?? policy.keyAlgorithm,
    retiresAtNextRotation: policy.retireAtNextRotation,
    holdIfUsed: read('hold-if-used', knobs['hold-if-used']) === 'true',
    graceOf: ({ isAdopted }) => grace ?? clamped(isAdopted ? policy.grace.adopted : ofKind({ policy, kind })),
  }
}

/** The event of a retirement may name any kind, also one that every object has a field of. */
function ofKind({ policy, kind }: { policy: Policy; kind: string }): number {
  const { byKind, default: byDefault } = policy.grace
  return Object.hasOwn(byKind, kind) ? (byKind[kind] ?? byDefault) : byDefault
}

export interface LenientSettings extends Settings {
  /** The tag that is not understood. */
  readonly problem?: RotationError
}

/** A tag that is not understood stops a rotation, but nothing that ends one: then the defaults count. */
export function lenientSettings(secret: Parameters<typeof readSettings>[0] & { log: Log }): LenientSettings {
  try {
    return readSettings(secret)
  } catch (error) {
    if (!isCode(error, 'ERR_TAG')) throw error
    secret.log.warn('a tag is not understood, the defaults count', { reason: error.message })
    return { ...readSettings({ ...secret, tags: new Map() }), problem: error }
  }
}

/** The strategy's tag alone. One that is none counts as `auto` here: createSecret has refused it. */
export function wishIn(tags: ReadonlyMap<string, string>): Wish {
  return strategies.find((wish) => wish === tags.get(`${tagPrefix}strategy`)) ?? 'auto'
}

/** The tag on pings alone, likewise. */
export function pingIn(tags: ReadonlyMap<string, string>): WebhookPing {
  return pings.find((ping) => ping === tags.get(`${tagPrefix}webhook-ping`)) ?? 'required'
}

const nothing = () => undefined

function oneOf<const T extends string>(values: readonly T[]): (value: string) => T | undefined {
  return (value) => values.find((one) => one === value)
}

function refuse(name: string): never {
  const problem = 'is not a setting, or its value does not parse or lies outside the limits of the policy'
  throw new RotationError('ERR_TAG', `tag ${tagPrefix}${name} ${problem}. Nothing was changed.`)
}
