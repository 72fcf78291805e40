import { ifReadable } from '../credentials/answer.ts'
import { readAuthToken } from '../credentials/auth-token.ts'
import { idIn } from '../credentials/document.ts'
import { isKind } from '../credentials/index.ts'
import { type Json, type JsonObject, readJsonObject } from '../credentials/json.ts'
import { credIdOf } from '../crypto/lineage.ts'
import type { DescribedSecret, SecretVersion } from '../ports/secrets-manager.ts'
import { scheduleName } from '../rotation/retire-event.ts'

interface Credential {
  readonly id: string
  /** The secret that is looked at. */
  readonly secretArn: string
}

/** What the secrets name, seen together: nothing but ids, names and kinds is kept. */
export interface Sharing {
  /** The other secrets whose AWSCURRENT names a credential. */
  others(of: Credential): readonly string[]
  /** The other secrets that superseded it, and whose schedule ends their own grace. */
  inGraceOf(of: Credential): readonly string[]
  /**
   * Whether another secret of the same identity knows it: its AWSCURRENT names it, or it registered it for a
   * labelled version. Whoever leaves a key behind may choose its id, also one that a secret of others would
   * have.
   */
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
  const identities = new Map<string, Identity | 'unread'>()
  const ours = new Set<string>()
  const arns = secrets.filter(({ isDeleted }) => !isDeleted).map(({ arn }) => arn)
  const left = [...arns]
  const lane = async () => {
    for (let arn = left.pop(); arn !== undefined; arn = left.pop()) {
      // What cannot be read is told when that secret's turn comes.
      const version = await ifReadable(read(arn))
      if (version === undefined) identities.set(arn, 'unread')
      if (version === undefined) continue
      const fields = readJsonObject(version.text ?? '')
      const identity = identityIn(fields)
      if (identity !== undefined) identities.set(arn, identity)
      if (isKind(fields?.['kind'])) ours.add(arn)
      const id = idIn(fields)
      if (id !== undefined) byId.set(id, [...(byId.get(id) ?? []), arn])
    }
  }
  await Promise.all(Array.from({ length: atOnce }, lane))
  const registered = new Map(secrets.flatMap(registeredFor))
  const areOne = (arn: string, other: string) => isSame(identities.get(arn), identities.get(other))
  const schedules = new Set(names)
  const others = ({ id, secretArn }: Credential) =>
    (byId.get(id) ?? []).filter((arn) => arn !== secretArn).toSorted()
  return {
    others,
    inGraceOf: ({ id: credId, secretArn }) =>
      arns.filter((arn) => arn !== secretArn && schedules.has(scheduleName({ secretArn: arn, credId }))),
    isKnownElsewhere: ({ id, secretArn }) =>
      [registered.get(id) ?? secretArn, ...others({ id, secretArn })].some(
        (arn) => arn !== secretArn && areOne(arn, secretArn),
      ),
    isOurs: (arn) => ours.has(arn),
  }
}

/** The ids under which a secret's rotations register keys are made of its ARN and the version. */
const registeredFor = ({ arn: secretArn, stages }: DescribedSecret): readonly (readonly [string, string])[] =>
  [...stages.keys()].map((token) => [credIdOf({ secretArn, token }), secretArn])

/** Whose keys a document is about, as far as it says so itself. */
interface Identity {
  readonly isAccount: boolean
  readonly orgId: Json | undefined
  readonly userId: string | undefined
  readonly username: Json | undefined
}

function identityIn(fields: JsonObject | undefined): Identity | undefined {
  const { kind, orgId, authToken, username } = fields ?? {}
  if (!isKind(kind) || kind === 'WebhookSecret') return undefined
  const userId = typeof authToken === 'string' ? readAuthToken(authToken)?.userId : undefined
  return { isAccount: kind === 'ServiceAccountKey', orgId, userId, username }
}

/** A user's own document does not tell its id: any token of the organisation's users may be his. */
function isSame(one: Identity | 'unread' | undefined, other: Identity | 'unread' | undefined): boolean {
  // What cannot be read right now makes nobody a stranger.
  if (one === 'unread' || other === 'unread') return true
  if (one === undefined || one.orgId !== other?.orgId || one.isAccount !== other?.isAccount) return false
  if (one.username !== undefined && other.username !== undefined) return one.username === other.username
  return one.userId === undefined || other.userId === undefined || one.userId === other.userId
}
