import * as v from 'valibot'
import { secretArn } from '../credentials/document.ts'
import { placesOf } from '../credentials/issues.ts'
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

/** 32 to 64 characters that whoever rotates may choose. */
export const versionId = v.pipe(v.string(), v.regex(/^[\x20-\x7e]{32,64}$/))

// The step names of the function templates; the guide's table spells them create_secret, which is never sent.
const event = v.object({
  Step: v.picklist(steps),
  SecretId: secretArn,
  ClientRequestToken: v.nullish(versionId),
  RotationToken: v.nullish(v.pipe(v.string(), v.regex(/^[\w-]{36,256}$/))),
})

/** Reads the event; whatever is not what Secrets Manager sends is refused before anything is called. */
export function readEvent(input: unknown): RotationEvent {
  const read = eventAs(event, input)
  const { Step: step, SecretId: secretId } = read
  const token = read.ClientRequestToken ?? undefined
  const rotationToken = read.RotationToken ?? undefined
  if (token === undefined && step !== 'testSecret') {
    const problem = `missing in the event: ClientRequestToken, which ${step} needs`
    throw new RotationError('ERR_EVENT_INVALID', problem)
  }
  return { step, secretId, token, rotationToken }
}

/** An event of the form that a function expects; ERR_EVENT_INVALID names what is not so. */
export function eventAs<const S extends v.GenericSchema>(schema: S, input: unknown): v.InferOutput<S> {
  const { success, output, issues } = v.safeParse(schema, input)
  if (success) return output
  const places = placesOf(issues, 'event')
  throw new RotationError('ERR_EVENT_INVALID', `missing or malformed in the event: ${places}`)
}
