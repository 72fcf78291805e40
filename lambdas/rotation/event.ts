import * as v from 'valibot'
import { RotationError } from '../errors.ts'

export const steps = ['createSecret', 'setSecret', 'testSecret', 'finishSecret'] as const

export type Step = (typeof steps)[number]

/** What Secrets Manager sends ("Lambda rotation functions", Secrets Manager User Guide). */
export interface RotationEvent {
  readonly step: Step
  /** The secret's full ARN. */
  readonly secretId: string
  /** The ClientRequestToken: the id of the pending version. A test rotation may come without one. */
  readonly token: string | undefined
  /** Proves to PutSecretValue who writes. Sensitive: it is passed on, and printed nowhere. */
  readonly rotationToken: string | undefined
}

/** A secret's full ARN. */
export const secretArn = v.pipe(
  v.string(),
  v.regex(/^arn:[\w-]{1,32}:secretsmanager:[\w-]{0,64}:\d{12}:secret:[\w/+=.@!-]{1,519}$/),
)

/** 32 to 64 characters that whoever rotates may choose. */
export const versionId = v.pipe(v.string(), v.regex(/^[\x20-\x7e]{32,64}$/))

// The step names of the function templates; the guide's table spells them create_secret, which is never sent.
const event = v.object({
  Step: v.picklist(steps),
  SecretId: secretArn,
  ClientRequestToken: v.optional(versionId),
  RotationToken: v.optional(v.pipe(v.string(), v.regex(/^[\w-]{36,256}$/))),
})

/** Reads the event; whatever is not what Secrets Manager sends is refused before anything is called. */
export function readEvent(input: unknown): RotationEvent {
  const { success, output, issues } = v.safeParse(event, input)
  if (!success) {
    const fields = new Set(issues.map((issue) => v.getDotPath(issue) ?? 'event'))
    throw new RotationError(
      'ERR_EVENT_INVALID',
      `missing or malformed in the event: ${[...fields].join(', ')}`,
    )
  }
  const { Step: step, SecretId: secretId, ClientRequestToken: token, RotationToken: rotationToken } = output
  if (token === undefined && step !== 'testSecret') {
    throw new RotationError(
      'ERR_EVENT_INVALID',
      `missing in the event: ClientRequestToken, which ${step} needs`,
    )
  }
  return { step, secretId, token, rotationToken }
}
