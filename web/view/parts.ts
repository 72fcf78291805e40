import type { App } from '../core/app.ts'
import type { State } from '../core/state.ts'
import { say, waitingFor } from '../core/words.ts'
import { h } from './element.ts'

/** What every part of the page is drawn from. */
export interface View {
  readonly app: App
  readonly state: State
}

type Look = 'primary' | 'secondary' | 'quiet' | 'grave'

/**
 * A button. While the page is busy it keeps its place and the focus, says so to a screen reader, and does
 * nothing. `id` is unique on the page: by it the focus is found again.
 */
export function button(
  { state }: View,
  given: { id: string; text: string; look: Look; onPress?: () => unknown; describedBy?: string },
): HTMLButtonElement {
  const { id, text, look, onPress, describedBy } = given
  const isBusy = state.busy !== undefined
  return h(
    'button',
    {
      id,
      type: onPress ? 'button' : 'submit',
      class: look,
      'aria-disabled': isBusy ? 'true' : undefined,
      'aria-describedby': describedBy,
      click: (event) => {
        if (isBusy) event.preventDefault()
        else void onPress?.()
      },
    },
    text,
  )
}

/** A button that says what it waits for, and a second one that ends a passkey prompt. */
export function action(
  view: View,
  given: { id: string; text: string; look?: Look; onPress?: () => unknown },
): HTMLElement {
  const { busy } = view.state
  const text = busy === undefined ? given.text : waitingFor[busy]
  const prompts = busy === 'passkey' || busy === 'new-passkey'
  return h(
    'div',
    { class: 'actions' },
    button(view, { look: 'primary', ...given, text }),
    prompts &&
      h('button', { id: 'stop', type: 'button', class: 'quiet', click: () => view.app.stop() }, 'Stop'),
  )
}

/** The one notice of the page, in sight where it happened; page.ts also reads it out. */
export function notice({ state }: View): HTMLElement | undefined {
  if (state.notice === undefined) return undefined
  const { tone, title, text } = say(state.notice)
  return h('div', { class: `notice ${tone}`, id: 'notice' }, h('strong', {}, title), ' ', h('span', {}, text))
}

/** Said while the list on the page may be older than what Dfns has. */
export function staleness(view: View): HTMLElement | undefined {
  if (!view.state.isStale) return undefined
  return h(
    'div',
    { class: 'notice bad', id: 'stale' },
    h('strong', {}, 'This may be out of date'),
    ' ',
    h('span', {}, 'Dfns could not be asked how your passkeys stand.'),
    ' ',
    button(view, { id: 'look-again', text: 'Look again', look: 'secondary', onPress: view.app.refresh }),
  )
}

/** A labelled text field with a hint. */
export function field(
  { state }: View,
  given: {
    id: string
    label: string
    hint?: string
    value: string
    autocomplete?: string
    isRequired?: boolean
    isCode?: boolean
  },
): HTMLElement {
  const { id, label, hint, value, autocomplete = 'off', isRequired = true, isCode = false } = given
  const hintId = `${id}-hint`
  return h(
    'div',
    { class: 'field' },
    h('label', { for: id }, label),
    hint !== undefined && h('p', { class: 'hint', id: hintId }, hint),
    h('input', {
      id,
      name: id,
      value,
      autocomplete,
      maxlength: '128',
      autocapitalize: isCode ? 'characters' : 'none',
      spellcheck: 'false',
      class: isCode ? 'code-input' : undefined,
      required: isRequired,
      readonly: state.busy !== undefined,
      'aria-describedby': hint === undefined ? undefined : hintId,
    }),
  )
}

/** A form whose fields go to `onSubmit` by name. */
export function form(
  { state }: View,
  given: { id: string; onSubmit: (read: (name: string) => string) => unknown },
  ...children: readonly (Node | undefined | false)[]
): HTMLFormElement {
  const submit = (event: Event) => {
    event.preventDefault()
    if (state.busy !== undefined || !(event.target instanceof HTMLFormElement)) return
    const data = new FormData(event.target)
    void given.onSubmit((name) => {
      const value = data.get(name)
      return typeof value === 'string' ? value : ''
    })
  }
  return h('form', { id: given.id, submit }, ...children)
}

/** The heading of a screen; it takes the focus when the screen is new. */
export function heading(text: string): HTMLElement {
  return h('h1', { id: 'heading', tabindex: '-1' }, text)
}
