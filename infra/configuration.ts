import { readFileSync } from 'node:fs'
import { Duration } from 'aws-cdk-lib'
import * as v from 'valibot'
import { credentialKinds } from '../lambdas/credentials/kinds.ts'
import { algorithmChoices } from '../lambdas/crypto/algorithms.ts'
import { readDuration } from '../lambdas/rotation/duration.ts'
import { pings, strategies } from '../lambdas/rotation/settings.ts'
import { validPrefix } from './names.ts'
import { parameterNames } from './policy.ts'
import { completeArn } from './secret.ts'

const matching = (pattern: RegExp, form: string) => v.pipe(v.string(), v.regex(pattern, form))

/** An object that has these fields and no other: a limit with a spelling mistake would be no limit. */
const fields = <const E extends v.ObjectEntries>(entries: E) =>
  v.strictObject(entries, ({ expected }) =>
    expected === 'never' ? 'there is no such field' : `${expected} is expected`,
  )

const duration = matching(
  /^P(?=[\dT])(\d{1,6}D)?(T(?=\d)(\d{1,6}H)?(\d{1,6}M)?(\d{1,9}S)?)?$/,
  'a duration in days, hours, minutes and seconds, as in P7D or PT26H',
)
const secretArn = matching(completeArn, 'the complete ARN of a secret, with the six characters that end it')
const keyArn = matching(/^arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:key\/[\w-]+$/, 'the ARN of a KMS key')
const secretName = matching(/^[\w/+=.@-]{1,512}$/, "a secret's name")
const parameterName = matching(parameterNames, 'the name of an SSM parameter')

const secret = fields({
  /** Of a secret that this app makes, empty at first. */
  name: v.optional(secretName),
  /** Of a secret that is there already; its tags are not this app's. */
  arn: v.optional(secretArn),
  encryptionKeyArn: v.optional(keyArn),
  signerArn: v.optional(secretArn),
  signerEncryptionKeyArn: v.optional(keyArn),
  kind: v.optional(v.picklist(credentialKinds)),
  schedule: v.optional(matching(/^(rate|cron)\(.+\)$/, 'rate(…) or cron(…), as Secrets Manager has them')),
  windowDuration: v.optional(duration),
  rotateOnDeploy: v.optional(v.boolean()),
  grace: v.optional(duration),
  strategy: v.optional(v.picklist(strategies)),
  keyAlgorithm: v.optional(v.picklist(algorithmChoices)),
  webhookPing: v.optional(v.picklist(pings)),
  holdIfUsed: v.optional(v.boolean()),
})

const policy = fields({
  allowedBaseUrls: v.optional(v.array(v.string())),
  allowedOrgIds: v.optional(v.array(v.string())),
  allowedSigners: v.optional(v.array(secretArn)),
  knownCredentials: v.optional(v.array(v.string())),
  keyAlgorithm: v.optional(v.picklist(algorithmChoices)),
  grace: v.optional(
    fields({
      default: v.optional(duration),
      adopted: v.optional(duration),
      min: v.optional(duration),
      max: v.optional(duration),
      byKind: v.optional(fields(v.entriesFromList(credentialKinds, v.optional(duration)))),
    }),
  ),
})

const stage = fields({
  account: v.optional(matching(/^\d{12}$/, 'an account number of twelve digits')),
  region: v.optional(matching(/^[a-z]{2}(-[a-z]+)+-\d$/, 'a region, as in eu-central-1')),
  namePrefix: v.optional(matching(validPrefix, '1 to 40 letters, digits and hyphens')),
  policy: v.optional(policy),
  policyParameterName: v.optional(parameterName),
  alarmEmail: v.optional(matching(/^[^@\s]+@[^@\s]+$/, 'an e-mail address')),
  secrets: v.optional(v.array(secret), []),
  prefixes: v.optional(
    v.array(
      fields({
        prefix: secretName,
        signerArns: v.optional(v.array(secretArn), []),
        signerEncryptionKeyArns: v.optional(v.array(keyArn), []),
        encryptionKeyArns: v.optional(v.array(keyArn), []),
      }),
    ),
    [],
  ),
})

/** The file's form; `infra/configuration.schema.json` is made of it. */
export const configurationSchema = fields({
  $schema: v.optional(v.string()),
  stages: v.record(matching(/^[A-Za-z][A-Za-z0-9-]{0,60}$/, 'a name of letters, digits and hyphens'), stage),
})

export type Configuration = v.InferOutput<typeof configurationSchema>
export type StageConfiguration = v.InferOutput<typeof stage>
export type SecretConfiguration = v.InferOutput<typeof secret>

/** Reads a configuration; the error names file, field and what belongs there. */
export function readConfiguration(file: string): Configuration {
  const { success, output, issues } = v.safeParse(configurationSchema, jsonOf(file))
  const problems = success
    ? contradictionsIn(output)
    : issues.map((issue) => `${v.getDotPath(issue) ?? 'the file'}: ${issue.message}`)
  if (success && problems.length === 0) return output
  throw new Error(`${file}: ${problems.join('; ')}`)
}

/** What a schema of single fields does not tell. */
function contradictionsIn({ stages }: Configuration): string[] {
  return Object.entries(stages).flatMap(([name, { secrets, policy: written, policyParameterName }]) => [
    ...(written && policyParameterName !== undefined
      ? [`stages.${name}: policy and policyParameterName are two ways to say one thing`]
      : []),
    ...secrets.flatMap((each, at) =>
      (each.name === undefined) === (each.arn === undefined)
        ? [`stages.${name}.secrets.${at}: either name or arn`]
        : [],
    ),
  ])
}

function jsonOf(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'))
  } catch (error) {
    throw new Error(`${file}: not a JSON file that can be read`, { cause: error })
  }
}

/** A duration that `readConfiguration` let through. */
export function durationOf(text: string | undefined): Duration | undefined {
  return text === undefined ? undefined : Duration.millis(readDuration(text) ?? 0)
}
