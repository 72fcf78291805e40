import type { Found } from '../../lambdas/credentials/survey.ts'
import type { RetiredVersion } from '../../lambdas/operations/retire-found.ts'
import { type Look, shown, widest, wrap } from '../output.ts'
import { remedyOf } from '../remedies.ts'
import type { Change } from './change.ts'
import { type PhaseEvent, words } from './phases.ts'
import type { End } from './watch.ts'

/** What came of `rotate`. */
export interface RotateResult {
  readonly secretArn: string
  /** The version of this rotation. */
  readonly versionId: string
  readonly outcome: End['type']
  /** Every step as it ended, in order. */
  readonly phases: readonly PhaseEvent[]
  /** Nothing unless AWSCURRENT has moved. */
  readonly change: Change | undefined
  /** Why it is not, or not yet. */
  readonly failure:
    | { readonly phase: FailedPhase; readonly code: string; readonly reason: string }
    | undefined
  /** With `--retire-now`; nothing where it could not be begun. */
  readonly retired: readonly RetiredVersion[] | undefined
  /** Active with the mark of this secret, and not ended. */
  readonly left: readonly Told[] | undefined
  readonly foreign: readonly Told[] | undefined
}

/** A step; or, when the rotation was over, what came behind it. */
export type FailedPhase = keyof typeof words | 'retire-now' | 'look'

type Told = Pick<Found, 'id' | 'noun' | 'name'>

interface Shown {
  readonly secret: string
  readonly result: RotateResult
  readonly look: Look
}

/** The end of `rotate`, for people. */
export function rotateText(shown: Shown): string {
  const { change, outcome } = shown.result
  return change === undefined && outcome !== 'rotated' ? notRotated(shown) : rotated(shown)
}

function rotated({ secret, result, look }: Shown): string {
  const { change, retired = [], left = [], foreign = [], failure } = result
  const lines = [
    look.paint('bold', `${secret} is rotated.`),
    ...(change === undefined ? [] : changeLines({ change, look })),
    ...retired.map(({ versionId, outcome }) => `  version ${versionId}: ${outcome}`),
  ]
  if (change !== undefined && change.superseded.isActive !== false)
    lines.push(`Back: npx dfns-rotator rollback ${secret}`)
  if (failure !== undefined) {
    const head = look.paint('bold', `But ${whatFailed(failure)}.`)
    lines.push('', head, ...failureLines({ failure, look }))
    if (failure.phase === 'retire-now')
      lines.push(indented(`To end what is left: npx dfns-rotator rotate ${secret} --retire-now`, look))
  }
  lines.push(...activeLines({ head: heads.left, all: left, advice: mayBeNeeded, look }))
  lines.push(...activeLines({ head: heads.foreign, all: foreign, advice: mayBeAnIntruders, look }))
  return lines.join('\n')
}

function whatFailed({ phase }: Failure): string {
  if (phase === 'retire-now') return 'not every grace is ended'
  if (phase === 'look') return 'what has changed could not be read'
  return `${words[phase]} failed`
}

const heads = {
  left: 'Active, with the mark of this secret, and named by no version:',
  foreign: 'Active on this identity, and of no rotation of this secret:',
}
const mayBeNeeded =
  'A rotation under way may need it, and what none needs the audit retires. But whoever held the leaked ' +
  'key can choose that mark: if no rotation is under way, deactivate it at Dfns.'
const mayBeAnIntruders = 'If nobody knows it, deactivate it at Dfns: it may be an intruder’s.'

function activeLines(of: {
  head: string
  all: readonly Told[]
  advice: string
  look: Look
}): readonly string[] {
  const { head, all, advice, look } = of
  if (all.length === 0) return []
  const named = all.map(({ noun, id, name }) => shown(`  ${noun} ${id}${name === '' ? '' : `, ${name}`}`))
  return ['', look.paint('yellow', head), ...named, indented(advice, look)]
}

/** What has another value, what is current, and what becomes of what it superseded. */
export function changeLines({ change, look }: { change: Change; look: Look }): readonly string[] {
  const { current, superseded, fields } = change
  const row = (name: string, text: string) => `  ${look.paint('dim', name.padEnd(7))}  ${text}`
  return [
    row('changed', shown(fields.join(', '))),
    row('current', current.id),
    row('', `version ${current.versionId}`),
    row('before', superseded.id),
    row('', `version ${superseded.versionId}, ${fateOf(superseded)}`),
  ]
}

function fateOf({ isActive, until }: Change['superseded']): string {
  if (isActive === false) return 'which is not accepted any more'
  if (until === undefined) return 'which stays active: no schedule of it is known'
  return `which works until ${until.slice(0, 16).replace('T', ' ')} UTC`
}

function notRotated({ secret, result, look }: Shown): string {
  const { outcome, failure } = result
  const causes = failure === undefined ? [] : failureLines({ failure, look })
  const cause = failure === undefined ? 'it failed' : whatFailed(failure)
  const goesOn = `Secrets Manager goes on with it by itself. Look: npx dfns-rotator status ${secret}`
  const outcomes: Readonly<Record<RotateResult['outcome'], string>> = {
    rotated: '',
    failed: `${secret} is not rotated: ${cause}. AWSCURRENT is as it was.`,
    'given up': `${secret} is not rotated: somebody gave the rotation up, or put another value.`,
    'timed out': `${secret} is not rotated yet.`,
    interrupted: `${secret} is not rotated yet, and nobody watches any longer.`,
  }
  const isOpen = outcome === 'timed out' || outcome === 'interrupted'
  const head = look.paint('bold', outcomes[outcome])
  return [head, ...causes, ...(isOpen ? [indented(goesOn, look)] : [])].join('\n')
}

type Failure = NonNullable<RotateResult['failure']>

function failureLines({ failure, look }: { failure: Failure; look: Look }): readonly string[] {
  const { code, reason } = failure
  const remedy = remedyOf(code)
  const advice = remedy === undefined ? [] : [`What to do: ${remedy}.`]
  return [`${code}: ${reason}`, ...advice].map((text) => indented(text, look))
}

const indented = (text: string, look: Look): string =>
  `  ${wrap({ text: shown(text), width: Math.min(look.width, widest), indent: '  ' })}`
