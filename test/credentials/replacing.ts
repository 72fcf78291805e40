import { expect } from 'vitest'
import { credentialOf } from '../../lambdas/credentials/index.ts'
import type { Credential, Means, Successor, What } from '../../lambdas/credentials/credential.ts'
import type { KeyDocument } from '../../lambdas/credentials/document.ts'
import type { JsonObject } from '../../lambdas/credentials/json.ts'
import { RotationError } from '../../lambdas/errors.ts'
import { accountsOf } from '../../lambdas/ports/dfns-accounts.ts'
import { dfnsOf } from '../../lambdas/ports/dfns-session.ts'
import { selfRotation, type Switches } from '../../sandbox/dfns/switches.ts'
import { newKey } from '../../sandbox/scene.ts'
import type { Fault } from '../../sandbox/wire.ts'
import { dfnsWorld } from '../support/dfns-world.ts'
import { fakeTime } from '../support/time.ts'

const prefix = 'arn:aws:secretsmanager:eu-west-1:000000000000:secret:'
export const secretArn = `${prefix}prod/dfns-abcdef`
const signerArn = `${prefix}admin-abcdef`
export const lineage = { secretArn, token: 'a'.repeat(32) }

export const held = { create: false, activate: false, deactivate: false }

/** What a signer needs of permissions to replace a service account, and to be told of everything. */
export const leave = [
  'Auth:ServiceAccounts:Create',
  'Auth:ServiceAccounts:Read',
  'Auth:ServiceAccounts:Activate',
  'Auth:ServiceAccounts:Deactivate',
  'Auth:Pats:Create',
  'Permissions:Read',
  'Permissions:Assignments:Read',
  'Permissions:Assign',
  'Policies:Read',
  'Policies:Approvals:Read',
] as const

export type ReplacedKind = 'ServiceAccountKey' | 'PersonalAccessTokenKey'

export interface Options {
  readonly kind?: ReplacedKind
  readonly strategy?: Means['strategy']
  readonly daysValid?: number
  readonly signerMay?: readonly string[]
  readonly fields?: JsonObject
  readonly switches?: Partial<Switches>
}

/** A world in which Dfns lets nobody register a key of its own, a signer, and a secret that names it. */
export async function replacing(options: Options = {}) {
  const { kind = 'ServiceAccountKey', strategy = 'auto', daysValid = 730, signerMay = leave } = options
  const isAccount = kind === 'ServiceAccountKey'
  const world = await dfnsWorld({ selfRotation: selfRotation.allRefused, ...options.switches })
  const { dfns, orgId, url: baseUrl } = world
  const time = fakeTime({ start: dfns.state.clock.now(), leftMs: 7_200_000 })
  const dfnsAs = dfnsOf(time)
  const known = new Map<string, Promise<unknown>>()
  const means: Means = {
    ...world.means,
    time,
    dfnsAs,
    accountsAs: accountsOf({ dfnsAs, time }),
    strategy,
    once<T>(question: string, ask: () => Promise<T>) {
      const asked = (known.get(question) as Promise<T> | undefined) ?? ask()
      known.set(question, asked)
      return asked
    },
  }
  const admin = newKey()
  const signer = dfns.createUser({ orgId, name: 'admin', publicKey: admin.publicKey, permissions: signerMay })
  const { username, credId: signerCredId } = signer
  const common = { baseUrl, orgId }
  const signerDocument = {
    kind: 'UserKey',
    ...common,
    username,
    credId: signerCredId,
    privateKey: admin.privateKey,
  }
  world.secrets.set(signerArn, JSON.stringify(signerDocument))
  const { publicKey, privateKey } = newKey()
  const issued = isAccount
    ? dfns.createServiceAccount({ orgId, name: 'payments', publicKey, daysValid })
    : dfns.createPersonalAccessToken({ userId: signer.userId, name: 'payments', publicKey, daysValid })
  const { authToken, credId, userId, tokenId } = issued
  const oldId = isAccount ? userId : tokenId
  const assign = (...operations: string[]) =>
    dfns.assignPermission({ userId, ...(isAccount ? {} : { tokenId }), operations }).permissionId
  const permissionId = assign('Wallets:Read')
  const document = { kind, ...common, authToken, credId, privateKey, signerArn, ...options.fields }
  const credential = credentialOf({ kind, on: 'AWSCURRENT', means }) as Credential<KeyDocument>
  const read = (fields: object, label = 'AWSPENDING') =>
    credential.read({ text: JSON.stringify(fields), on: `${label} of ${secretArn}`, secretArn }, world.limits)
  const current = read(document, 'AWSCURRENT')

  /** createSecret up to its put: the questions, and what is made once none of them is answered with no. */
  const make = async (isTokenExpiring = false): Promise<Successor> => {
    const draft = await credential.create({ current, lineage, algorithm: 'same', isTokenExpiring })
    for (const { failure } of await credential.probe({ current, isTokenExpiring })) if (failure) throw failure
    return draft.make()
  }
  const register = (pending: KeyDocument) =>
    credential.register({ current: async () => current, pending, lineage })
  const verify = (pending: KeyDocument) =>
    credential.verify({ generation: pending, as: current, fresh: true })
  /** All of it up to the move of AWSCURRENT. */
  const rotate = async () => {
    const pending = read((await make()).document)
    await register(pending)
    await verify(pending)
    credential.assertFollows({ current, pending })
    const what = await credential.whatOf({ superseded: current, pending })
    return { pending, what }
  }
  const retirement = (after: { pending: KeyDocument; what: What }) => {
    const superseded = { id: current.id, what: after.what, on: 'version v1', fields: current.fields }
    return credential.deactivate({ current: after.pending, superseded })
  }
  /** Every account of the organisation, or token of the user, that is there beside the one of the scene. */
  const others = () =>
    isAccount
      ? dfns
          .identities({ orgId })
          .filter((one) => one.kind === 'ServiceAccount' && one.userId !== userId)
          .map((one) => ({ id: one.userId, name: one.name, isActive: one.isActive }))
      : dfns
          .tokens({ userId })
          .filter((one) => one.kind === 'Pat' && one.tokenId !== tokenId)
          .map((one) => ({ id: one.tokenId, name: one.name, isActive: one.isActive }))
  const isOldActive = () =>
    isAccount
      ? dfns.identities({ orgId }).find((one) => one.userId === userId)?.isActive
      : dfns.tokens({ userId }).find((one) => one.tokenId === tokenId)?.isActive
  const idIn = (pending: KeyDocument) =>
    isAccount ? (pending.userId ?? '') : (others().find(({ id }) => tokenOf(pending).includes(id))?.id ?? '')
  const permissionsOf = (identityId: string) =>
    dfns.assignments({ identityId }).map((assignment) => assignment.permissionId)
  const creation = isAccount ? 'POST /auth/service-accounts' : 'POST /auth/pats'
  const count = (operation: string) => world.requests().filter((one) => one === operation).length
  const scene = { world, dfns, means, time, signer, credential, document, current, read }
  const acts = { make, register, verify, rotate, retirement, assign }
  const looks = { others, isOldActive, idIn, permissionsOf, count, creation, oldId, permissionId }
  return { ...scene, ...acts, ...looks }
}

/** The claims of a token, as text. */
function tokenOf({ identity: { authToken } }: KeyDocument): string {
  const payload = typeof authToken === 'string' ? authToken.split('.')[1] : ''
  return Buffer.from(payload ?? '', 'base64url').toString()
}

/** Strikes the first so many of these requests. */
export function striking(operation: string, fault: Fault, times = 1) {
  let left = times
  return (call: { operation: string }): Fault | undefined => {
    if (call.operation !== operation || left === 0) return undefined
    left -= 1
    return fault
  }
}

/** The error that a call ends with. */
export async function errorOf(call: Promise<unknown>): Promise<RotationError> {
  const error: unknown = await call.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  expect(error).toBeInstanceOf(RotationError)
  return error as RotationError
}
