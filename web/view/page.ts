import type { App } from '../core/app.ts'
import type { Screen, State } from '../core/state.ts'
import { say, waitingFor } from '../core/words.ts'
import { add, timeLeftLine } from './add.ts'
import { h } from './element.ts'
import { deactivateScreen, list } from './list.ts'
import { button, heading, notice, type View } from './parts.ts'
import { redeem } from './redeem.ts'
import { replace } from './replace.ts'
import { signIn } from './sign-in.ts'

/** The places of index.html that the page fills. */
export interface Slots {
  readonly main: HTMLElement
  readonly account: HTMLElement
  /** Read out when the reader is idle. */
  readonly polite: HTMLElement
  /** Read out at once. */
  readonly urgent: HTMLElement
}

/** Draws every new state, keeps the focus where it was, and reads out what a look would show. */
export function createPage(slots: Slots, app: () => App): (state: State) => void {
  let before: State | undefined
  return (state) => {
    if (before !== undefined && isCountdown(before, state)) {
      countDown(state.screen)
      readOut(slots, { before, state })
      before = state
      return
    }
    const view = { app: app(), state }
    const focused = document.activeElement?.id
    slots.account.replaceChildren(...accountBar(view))
    slots.main.replaceChildren(...screenOf(view).filter((child) => child !== undefined && child !== false))
    slots.main.setAttribute('aria-busy', String(state.busy !== undefined))
    document.title = document.getElementById('heading')?.textContent ?? document.title
    moveFocus({ before, state, focused })
    readOut(slots, { before, state })
    before = state
  }
}

function screenOf(view: View): readonly (Node | undefined | false)[] {
  const { screen, account } = view.state
  if (screen.name === 'broken') {
    return [
      heading('Your passkeys'),
      notice({ ...view, state: { ...view.state, notice: { kind: 'problem', code: screen.problem } } }),
    ]
  }
  if (screen.name === 'redeem') return redeem(view, screen)
  if (account === undefined || screen.name === 'sign-in') return signIn(view)
  if (screen.name === 'replace') return replace(view, { screen, account })
  if (screen.name === 'add') return add(view, { screen, account })
  if (screen.name === 'deactivate') return deactivateScreen(view, { account, uuid: screen.uuid })
  return list(view, account)
}

function accountBar(view: View): readonly Node[] {
  const { app, state } = view
  if (state.account === undefined) return []
  return [
    h('span', { class: 'who' }, state.username || 'Signed in'),
    button(view, { id: 'sign-out', text: 'Sign out', look: 'quiet', onPress: app.signOut }),
  ]
}

/** Whether nothing but the seconds of a code has changed: what is selected or read must not be drawn anew. */
function isCountdown(before: State, state: State): boolean {
  const still = ({ busy, notice, isStale, screen }: State) =>
    screen.name === 'add' && screen.code !== undefined && screen.left !== 0
      ? JSON.stringify([busy, notice, isStale, screen.code])
      : undefined
  return still(before) !== undefined && still(before) === still(state)
}

function countDown(screen: Screen): void {
  const left = screen.name === 'add' ? (screen.left ?? 0) : 0
  const line = document.getElementById('left')
  if (line !== null) line.textContent = timeLeftLine(left)
  const bar = document.getElementById('bar')
  if (bar instanceof HTMLProgressElement) bar.value = left
}

/** A screen, and a step of one: what is new enough for the focus to go to its beginning. */
function stageOf({ screen, account }: State): string {
  const step = 'step' in screen ? screen.step : ''
  const isAsking = screen.name === 'replace' && screen.asksHowToEnd === true
  return [screen.name, step, isAsking, account === undefined].join()
}

function moveFocus(given: { before: State | undefined; state: State; focused: string | undefined }): void {
  const { before, state, focused } = given
  if (before === undefined) return
  const isNew = stageOf(before) !== stageOf(state)
  const kept = focused === undefined || focused === '' || isNew ? null : document.getElementById(focused)
  const target = kept ?? (isNew || focused ? document.getElementById('heading') : null)
  if (target !== document.activeElement) target?.focus()
}

function readOut(slots: Slots, { before, state }: { before: State | undefined; state: State }): void {
  if (state.notice !== undefined && state.notice !== before?.notice) {
    const { tone, title, text } = say(state.notice)
    const slot = tone === 'bad' ? slots.urgent : slots.polite
    slot.textContent = `${title}. ${text}`
    return
  }
  if (state.busy !== undefined && state.busy !== before?.busy)
    slots.polite.textContent = waitingFor[state.busy]
  const said = timeLeft(state.screen)
  if (said !== undefined && said !== (before && timeLeft(before.screen))) slots.polite.textContent = said
}

/** What is worth an interruption of a countdown: its start, ten seconds before its end, and its end. */
function timeLeft(screen: Screen): string | undefined {
  if (screen.name !== 'add') return undefined
  if (screen.added !== undefined) return 'A passkey was added.'
  if (screen.code === undefined || screen.left === undefined) return undefined
  if (screen.left === 0) return 'The code is over.'
  return screen.left <= 10 ? 'Ten seconds left.' : `Your code is ${screen.code.split('').join(' ')}.`
}
