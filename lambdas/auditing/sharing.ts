import { ifReadable } from '../credentials/answer.ts'
import { idIn } from '../credentials/document.ts'
import { isKind } from '../credentials/index.ts'
import { readJsonObject } from '../credentials/json.ts'
import { credIdOf } from '../crypto/lineage.ts'
import type { DescribedSecret, SecretVersion } from '../ports/secrets-manager.ts'
import { scheduleName } from '../rotation/retire-event.ts'

interface Credential {
  readonly id: string
  /** The secret that is looked at. */
  readonly secretArn: string
}

/** What the secrets name, seen together: nothing but ids and kinds is kept. */
export interface Sharing {
  /** The other secrets whose AWSCURRENT names a credential. */
  others(of: Credential): readonly string[]
  /** The other secrets that superseded it, and whose schedule ends their own grace. */
  inGraceOf(of: Credential): readonly string[]
  /** Whether another secret knows it: its AWSCURRENT names it, or it registered it for a labelled version. */
  isKnownElsewhere(of: Credential): boolean
  /** Whether AWSCURRENT can be read, and is a document of ours. */
  isOurs(secretArn: string): boolean
}

const atOnce = 16

/**
 * Reads every AWSCURRENT before anything is decided: a credential that two secrets name is retired for
 * neither.
 */
export async function sharingIn(given: {
  secrets: readonly DescribedSecret[]
  /** Names of all schedules. */
  names: readonly string[]
  read: (secretArn: string) => Promise<SecretVersion | undefined>
}): Promise<Sharing> {
  const { secrets, names, read } = given
  const byId = new Map<string, string[]>()
  const ours = new Set<string>()
  const arns = secrets.filter(({ isDeleted }) => !isDeleted).map(({ arn }) => arn)
  const left = [...arns]
  const lane = async () => {
    for (let arn = left.pop(); arn !== undefined; arn = left.pop()) {
      // What cannot be read is told when that secret's turn comes.
      const version = await ifReadable(read(arn))
      if (version === undefined) continue
      const fields = readJsonObject(version.text ?? '')
      if (isKind(fields?.['kind'])) ours.add(arn)
      const id = idIn(fields)
      if (id !== undefined) byId.set(id, [...(byId.get(id) ?? []), arn])
    }
  }
  await Promise.all(Array.from({ length: atOnce }, lane))
  const registered = new Set(secrets.flatMap(registeredFor))
  const schedules = new Set(names)
  const others = ({ id, secretArn }: Credential) =>
    (byId.get(id) ?? []).filter((arn) => arn !== secretArn).toSorted()
  return {
    others,
    inGraceOf: ({ id: credId, secretArn }) =>
      arns.filter((arn) => arn !== secretArn && schedules.has(scheduleName({ secretArn: arn, credId }))),
    isKnownElsewhere: (credential) => registered.has(credential.id) || others(credential).length > 0,
    isOurs: (arn) => ours.has(arn),
  }
}

/** The ids under which a secret's rotations register keys are made of its ARN and the version. */
const registeredFor = ({ arn: secretArn, stages }: DescribedSecret): readonly string[] =>
  [...stages.keys()].map((token) => credIdOf({ secretArn, token }))
