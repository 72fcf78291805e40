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
  readonly failure: { readonly phase: string; readonly code: string; readonly reason: string } | undefined
  /** With `--retire-now`. */
  readonly retired: readonly RetiredVersion[] | undefined
  readonly foreign: readonly Pick<Found, 'id' | 'noun' | 'name'>[] | undefined
}

interface Shown {
  readonly secret: string
  readonly result: RotateResult
  readonly look: Look
}

/** The end of `rotate`, for people. */
export function rotateText(shown: Shown): string {
  const { result } = shown
  return result.change === undefined ? notRotated(shown) : rotated({ ...shown, change: result.change })
}

function rotated({ secret, result, look, change }: Shown & { change: Change }): string {
  const { retired = [], foreign, failure } = result
  const lines = [
    look.paint('bold', `${secret} is rotated.`),
    ...changeLines({ change, look }),
    ...retired.map(({ versionId, outcome }) => `  version ${versionId}: ${outcome}`),
  ]
  if (change.superseded.isActive !== false) lines.push(`Back: npx dfns-rotator rollback ${secret}`)
  if (failure !== undefined)
    lines.push('', look.paint('bold', `But ${failure.phase} failed.`), ...failureLines({ failure, look }))
  if (foreign !== undefined && foreign.length > 0) {
    lines.push('', look.paint('yellow', 'Active on this identity, and of no rotation of this secret:'))
    for (const { noun, id, name } of foreign)
      lines.push(shown(`  ${noun} ${id}${name === '' ? '' : `, ${name}`}`))
    lines.push('  If nobody knows it, deactivate it at Dfns: it may be an intruder’s.')
  }
  return lines.join('\n')
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
  if (until === undefined) return 'which stays active: no schedule ends it'
  return `which works until ${until.slice(0, 16).replace('T', ' ')} UTC`
}

function notRotated({ secret, result, look }: Shown): string {
  const { outcome, failure } = result
  const causes = failure === undefined ? [] : failureLines({ failure, look })
  const goesOn = `Secrets Manager goes on with it by itself. Look: npx dfns-rotator status ${secret}`
  const heads: Readonly<Record<RotateResult['outcome'], string>> = {
    rotated: '',
    failed: `${secret} is not rotated: ${failure?.phase ?? 'it'} failed. AWSCURRENT is as it was.`,
    'given up': `${secret} is not rotated: somebody gave the rotation up, or put another value.`,
    'timed out': `${secret} is not rotated yet.`,
    interrupted: `${secret} is not rotated yet, and nobody watches any longer.`,
  }
  const isOpen = outcome === 'timed out' || outcome === 'interrupted'
  const head = look.paint('bold', heads[outcome])
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

/** The word for a step in what people read. */
export const phaseWord = (event: { step: keyof typeof words }): string => words[event.step]
