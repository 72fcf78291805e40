import * as v from 'valibot'
import { originOf } from '../credentials/base-url.ts'
import { placesOf } from '../credentials/issues.ts'
import { readJsonObject } from '../credentials/json.ts'
import { credentialKinds } from '../credentials/kinds.ts'
import { algorithmChoices } from '../crypto/algorithms.ts'
import { RotationError } from '../errors.ts'
import { hourMs } from '../ports/time.ts'
import { readDuration } from './duration.ts'

const duration = v.pipe(v.string(), v.transform(readDuration), v.number())
const names = v.array(v.string())

// To valibot a list is an object, too.
const noList = v.pipe(
  v.unknown(),
  v.check((value) => !Array.isArray(value)),
)

const grace = v.strictObject({
  default: v.optional(duration, 'PT24H'),
  /** For the first credential that is superseded: a person made it, and it may live in other places. */
  adopted: v.optional(duration, 'P7D'),
  min: v.optional(duration, 'PT0S'),
  max: v.optional(duration, 'P30D'),
  byKind: v.optional(
    v.pipe(
      noList,
      v.record(v.picklist(credentialKinds), duration) as v.GenericSchema<
        unknown,
        Readonly<Record<string, number>>
      >,
    ),
    {},
  ),
})

// Strict: a limit with a spelling mistake would be no limit.
const policy = v.strictObject({
  allowedBaseUrls: v.optional(
    v.array(
      v.pipe(
        v.string(),
        v.check((url) => originOf(url) !== undefined),
      ),
    ),
    ['https://api.dfns.io', 'https://api.uae.dfns.io'],
  ),
  allowedOrgIds: v.optional(names),
  allowedSigners: v.optional(names),
  /** Ids of credentials that people keep on the identities of secrets: audit calls them foreign no more. */
  knownCredentials: v.optional(names),
  keyAlgorithm: v.optional(v.picklist(algorithmChoices), 'same'),
  grace: v.optional(v.pipe(noList, grace), {}),
  retireAtNextRotation: v.optional(v.boolean(), false),
})

/** Defaults and limits for every secret of a deployment. Durations are in milliseconds. */
export type Policy = v.InferOutput<typeof policy>

const defaultByKind: Readonly<Record<string, number>> = { WebhookSecret: 26 * hourMs }

/**
 * Reads the SSM parameter's text; without one, the defaults. Anything that is not understood stops the
 * rotation.
 */
export function readPolicy({ text, name }: { text: string | undefined; name: string }): Policy {
  const { success, output, issues } = v.safeParse(policy, text === undefined ? {} : readJsonObject(text))
  if (!success) {
    const places = placesOf(issues, 'not a JSON object')
    throw new RotationError('ERR_POLICY', `policy ${name}: malformed: ${places}`)
  }
  if (output.grace.min > output.grace.max)
    throw new RotationError('ERR_POLICY', `policy ${name}: grace.min is above grace.max`)
  return { ...output, grace: { ...output.grace, byKind: { ...defaultByKind, ...output.grace.byKind } } }
}
