import * as v from 'valibot'

// The SDK reads the JSON of a reply, and looks at hardly a field of it. Absent and null are the same.
const maybe = <const S extends v.GenericSchema>(schema: S) =>
  v.pipe(
    v.nullish(schema),
    v.transform((value) => value ?? undefined),
  )
const list = <const S extends v.GenericSchema>(item: S) => v.nullish(v.array(item), () => [])
const text = maybe(v.string())
const moment = maybe(v.date())
// They go into messages and logs.
const name = v.pipe(v.string(), v.regex(/^[!-~]{1,2048}$/))
/** Some write nothing as an empty text. */
const named = v.pipe(
  v.nullish(v.string()),
  v.transform((value) => value || undefined),
  v.optional(name),
)
// 1 to 256 characters of any kind (UpdateSecretVersionStage); none of them may break a line of a terminal.
const label = v.pipe(
  v.string(),
  v.maxLength(256),
  v.transform((value) => value.replaceAll(/\p{C}/gu, '\uFFFD')),
)
const versionId = maybe(v.pipe(v.string(), v.regex(/^[ -~]{1,64}$/)))
const labels = v.array(label)

const secret = {
  ARN: named,
  RotationEnabled: maybe(v.boolean()),
  DeletedDate: moment,
  Tags: list(v.object({ Key: text, Value: text })),
  LastRotatedDate: moment,
  NextRotationDate: moment,
  LastChangedDate: moment,
  RotationLambdaARN: named,
  RotationRules: maybe(v.object({ AutomaticallyAfterDays: maybe(v.number()) })),
  PrimaryRegion: named,
  ReplicationStatus: list(v.object({ Region: named, Status: text })),
}
const stages = v.nullish(v.record(v.string(), labels), {})
const describedSecret = v.object({ ...secret, VersionIdsToStages: stages })
const version = v.object({ VersionId: versionId, VersionStages: v.nullish(labels, []), CreatedDate: moment })

/** What is used of each reply. */
export const awsReplies = {
  DescribeSecret: describedSecret,
  GetSecretValue: v.object({
    VersionId: versionId,
    SecretString: text,
    SecretBinary: maybe(v.unknown()),
    CreatedDate: moment,
  }),
  ListSecrets: v.object({
    SecretList: list(v.object({ ...secret, SecretVersionsToStages: stages })),
    NextToken: text,
  }),
  ListSecretVersionIds: v.object({ Versions: list(version), NextToken: text }),
  GetParameter: v.object({ Parameter: maybe(v.object({ Value: text })) }),
  GetSchedule: v.object({ ScheduleExpression: text, Target: maybe(v.object({ Input: text })) }),
  ListSchedules: v.object({ Schedules: list(v.object({ Name: name })), NextToken: text }),
} as const

export type AwsSecret = v.InferOutput<typeof describedSecret>
export type AwsSchedule = v.InferOutput<typeof awsReplies.GetSchedule>

/** Reads a reply as far as it is used. What it throws has a name as AWS's own errors have. */
export function replyOf<const S extends v.GenericSchema>(schema: S): (reply: unknown) => v.InferOutput<S> {
  return (reply) => {
    const { success, output } = v.safeParse(schema, reply)
    if (success) return output
    throw Object.assign(new Error(), { name: 'UndocumentedReply' })
  }
}

/** What a list is that does not end; see pages.ts. */
export const endless = (): Error => Object.assign(new Error(), { name: 'EndlessReply' })
