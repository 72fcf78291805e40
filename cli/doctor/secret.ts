import { unqualified } from '../../lambdas/auditing/managed.ts'
import type { Run } from '../../lambdas/auditing/run.ts'
import { ifReadable } from '../../lambdas/credentials/answer.ts'
import { type SecretVersion, secretStore } from '../../lambdas/ports/secrets-manager.ts'
import type { Schedules } from '../../lambdas/ports/scheduler.ts'
import type { Context } from '../context.ts'
import { type Finding, finding } from '../findings.ts'
import type { HeldHere, Holders } from '../holders.ts'
import type { Looked, Looking } from '../looking.ts'
import { remedies, remedyOf } from '../remedies.ts'
import { problemIn } from './document.ts'
import { ask, type Asked } from './preflight.ts'
import { testRotation, type TestRotation } from './test-rotation.ts'
import { webhookFindings } from './webhook.ts'

/** One secret, as doctor sees it. JSON. */
export interface Examined {
  readonly secretId: string
  readonly findings: readonly Finding[]
  /** createSecret's questions, as whoever ran the command. */
  readonly answers: readonly Asked[]
  readonly testRotation: TestRotation
}

export interface Examining {
  readonly context: Context
  readonly looking: Looking
  readonly one: Looked
  readonly holders: Holders
  /** The function's. */
  readonly schedules: Schedules | undefined
  /** `--no-test`. */
  readonly isTested: boolean
}

/** Everything that can be told of one secret; nothing is changed. */
export async function examine(examining: Examining): Promise<Examined> {
  const { context, looking, one, schedules, isTested } = examining
  const { secret, view } = one
  const { run } = looking
  const answers = view === undefined ? [] : await ask({ secretArn: secret.arn, run, schedules })
  const tested: TestRotation = isTested
    ? await testRotation({ context, secret })
    : { outcome: 'not run', reason: 'by --no-test', answers: [] }
  const found = [
    ...(await explained({ ...examining, run })),
    ...(await rotationFindings(examining)),
    ...sharedFindings(examining),
    ...(view === undefined ? [] : await webhookFindings({ context, view })),
    ...stops({ secretId: secret.arn, answers }),
    ...testFindings({ secretId: secret.arn, tested }),
  ]
  return { secretId: secret.arn, findings: withoutEchoes(found), answers, testRotation: tested }
}

/** Audit's findings; a code has a remedy of its own, and a document may be told more exactly. */
async function explained(of: Examining & { run: Run }): Promise<readonly Finding[]> {
  const { secret, view, findings } = of.one
  const isConfigured = secret.rotationArn !== undefined
  const kept = findings.filter(({ type }) => isConfigured || type !== 'rotation-cancelled')
  const isUnread = kept.some(({ details }) => details['code'] === 'ERR_DOCUMENT')
  const current = isUnread ? await currentOf(of) : undefined
  return kept.map((each) => {
    const code = String(each.details['code'] ?? '')
    const exact = code === 'ERR_DOCUMENT' && current !== undefined ? problemIn(current.text) : undefined
    if (exact !== undefined)
      return { ...each, problem: exact, remedy: `npx dfns-rotator adopt ${secret.arn}` }
    if (code === 'ERR_VERIFY' && view?.survey.find(view.current.document)?.isActive === true)
      return {
        ...each,
        problem: otherKey,
        remedy: 'put the private key of credId, or the credId of this key',
      }
    return { ...each, remedy: remedyOf(code) ?? each.remedy }
  })
}

async function currentOf({
  context,
  one,
  run,
}: Examining & { run: Run }): Promise<SecretVersion | undefined> {
  const client = run.clients.secretsManager
  const store = secretStore({ client, secretId: one.secret.arn, time: context.time })
  return ifReadable(store.getSecretValue({ label: 'AWSCURRENT' }))
}

const otherKey = 'Dfns has an active credential under credId, but privateKey is not its key'

async function rotationFindings({ context, one: { secret } }: Examining): Promise<readonly Finding[]> {
  const { arn: secretId, rotationArn } = secret
  const { rotateArn } = await context.deployment()
  if (secret.isDeleted) return []
  if (rotationArn === undefined) {
    const remedy = 'turn it on without rotating: aws secretsmanager rotate-secret --no-rotate-immediately'
    return [finding({ type: 'rotation-missing', secretId, problem: 'no rotation is configured', remedy })]
  }
  if (rotateArn === undefined || unqualified(rotationArn) === unqualified(rotateArn)) return []
  const problem = `its rotation function is ${rotationArn}, and not ${rotateArn}`
  const remedy = 'choose the rotate function of this rotator, or say --name-prefix for another one'
  return [finding({ type: 'other-function', secretId, problem, remedy })]
}

/** What the audit does not look at: secrets beside it that are not managed, and fields of other names. */
function sharedFindings({ holders, one }: Pick<Examining, 'holders' | 'one'>): readonly Finding[] {
  return heldBy(one).flatMap(({ secretArn: secretId, id }) => {
    const others = holders({ secretArn: secretId, id })
    if (others.length === 0) return []
    const problem = `credential ${id} stands in another secret, too: ${others.join(', ')}`
    const remedy = 'give every secret a credential of its own: a rotation here ends the other one'
    const details = { credId: id, with: others.join(' ') }
    return finding({ type: 'shared-credential', secretId, problem, remedy, details })
  })
}

/** The credential of which the audit has not told yet that another secret holds it, too. */
export function heldBy({ view, secret, findings }: Looked): readonly HeldHere[] {
  if (view === undefined || findings.some(({ type }) => type === 'shared-credential')) return []
  return [{ secretArn: secret.arn, id: view.current.document.id }]
}

function stops(of: { secretId: string; answers: readonly Asked[] }): readonly Finding[] {
  return of.answers.flatMap(({ answer: said, code = '', reason = '' }) =>
    said === 'no' ? [stop({ type: 'would-stop', secretId: of.secretId, code, reason })] : [],
  )
}

function stop(of: { type: string; secretId: string; code: string; reason: string }): Finding {
  const { type, secretId, code, reason } = of
  const problem = `${code} ${reason.replace(/[.:]? Nothing was (made|changed)\b.*$/s, '')}`
  const remedy = remedyOf(code) ?? 'see the log of the rotate function'
  return finding({ type, secretId, problem, remedy, details: { code } })
}

function testFindings(of: { secretId: string; tested: TestRotation }): readonly Finding[] {
  const { secretId, tested } = of
  const { outcome, code = '', reason = '', nextRotation } = tested
  const inRole = stops({ secretId, answers: tested.answers })
  if (outcome === 'failed' && code === 'NOT_INVOKABLE') {
    const remedy = 'deploy the function, or let secretsmanager.amazonaws.com invoke it for this secret'
    return [finding({ type: 'not-invokable', secretId, problem: reason, remedy })]
  }
  if (outcome === 'failed') return [stop({ type: 'test-rotation-failed', secretId, code, reason }), ...inRole]
  if (outcome === 'unknown') {
    const remedy = 'read it there, or ask for logs:FilterLogEvents on it'
    return [finding({ type: 'test-rotation-unknown', secretId, problem: reason, remedy })]
  }
  if (nextRotation === undefined) return inRole
  const { before, after } = nextRotation
  const problem = `Secrets Manager counts the schedule from now on: ${after} instead of ${before}`
  const remedy = 'nothing; a schedule by cron() stays where it is'
  const moved = finding({ type: 'schedule-moved', secretId, problem, remedy })
  return [...inRole, { ...moved, severity: 'info' }]
}

/** The same no is heard by audit, by the questions, and in the function's role: the first one is told. */
function withoutEchoes(findings: readonly Finding[]): readonly Finding[] {
  const codes = new Set<unknown>()
  return findings.filter(({ type, details: { code } }) => {
    if (code === undefined) return true
    const isEcho = codes.has(code) && (type === 'would-stop' || type === 'test-rotation-failed')
    codes.add(code)
    return !isEcho
  })
}

/** A secret that cannot even be described. */
export function missing(of: { secretId: string; code: string; reason: string }): Examined {
  const { secretId, code, reason } = of
  const remedy =
    code === 'ERR_SECRET_GONE' ? 'correct the name, the region or the profile' : remedies.ERR_STORE
  const details = { code }
  return {
    secretId,
    findings: [finding({ type: 'secret-missing', secretId, problem: reason, remedy, details })],
    answers: [],
    testRotation: { outcome: 'not run', reason: 'there is no such secret', answers: [] },
  }
}
