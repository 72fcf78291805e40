import { harmless, type Look, shown, widest, wrap } from '../output.ts'
import type { Step } from '../../lambdas/rotation/event.ts'
import { type PhaseEvent, words } from './phases.ts'

/** Shows a rotation as it goes on. */
export interface Live {
  readonly hear: (event: PhaseEvent) => void
  /** Still at that step. */
  readonly wait: (step: Step) => void
  readonly close: () => void
}

type About = Readonly<Record<Step, string>>

const aboutKeys: About = {
  createSecret: 'a new key pair, stored as AWSPENDING',
  setSecret: 'the new key is made known to Dfns, beside the old one',
  testSecret: 'the new key signs a user action, which is not spent',
  finishSecret: 'AWSCURRENT moves; the end of the old key is scheduled',
}

const aboutWebhooks: About = {
  createSecret: 'another webhook, stored as AWSPENDING',
  setSecret: 'the new webhook delivers, beside the old one',
  testSecret: 'its receiver answers the ping of Dfns',
  finishSecret: 'AWSCURRENT moves; the end of the old webhook is scheduled',
}

const eraseLine = '\r\u001b[2K'

/** On a terminal the last line moves; elsewhere every line is written once, when it is known. */
export function liveOf(of: {
  stream: NodeJS.WritableStream & { readonly isTTY?: boolean }
  look: Look
  kind: string
  now: () => number
}): Live {
  const { stream, look, kind, now } = of
  const isTerminal = stream.isTTY === true
  const about = kind === 'WebhookSecret' ? aboutWebhooks : aboutKeys
  const width = Math.min(look.width, widest)
  let waitingFor: Step | undefined
  let since = now()

  const erase = () => (isTerminal ? eraseLine : '')
  const line = (mark: string, step: Step, end: string) =>
    `  ${mark} ${words[step].padEnd(11)}${about[step].padEnd(60)}${end}`.trimEnd()
  const write = (text: string) => void stream.write(harmless(`${erase()}${text}\n`))

  const show = (event: PhaseEvent) => {
    if (event.type === 'repeated') {
      const why = event.silent ? 'The attempt ended without a word. ' : ''
      return write(`  ${look.paint('dim', `${why}Secrets Manager begins again.`)}`)
    }
    if (event.type === 'done') {
      const time = event.ms === undefined ? '' : `${Math.round(event.ms)} ms`.padStart(9)
      return write(line(look.paint('green', '✓'), event.step, look.paint('dim', time)))
    }
    write(`${line(look.paint('red', '✗'), event.step, '')}\n      ${look.paint('red', shown(event.code))}`)
    // What does not mend itself is told at the end, with what to do.
    if (event.retryable) write(`      ${wrap({ text: shown(event.reason), width, indent: '      ' })}`)
  }

  return {
    hear: (event) => {
      show(event)
      waitingFor = undefined
    },
    wait: (step) => {
      if (!isTerminal) return
      if (waitingFor !== step) since = now()
      waitingFor = step
      const seconds = Math.round((now() - since) / 1_000)
      const time = seconds > 0 ? `${seconds} s`.padStart(9) : ''
      stream.write(`${eraseLine}${line(look.paint('yellow', '·'), step, look.paint('dim', time))}`)
    },
    close: () => {
      if (waitingFor !== undefined) stream.write(eraseLine)
      waitingFor = undefined
    },
  }
}
