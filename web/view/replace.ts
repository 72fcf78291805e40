import { readName } from '../core/names.ts'
import { type Account, find } from '../core/passkeys.ts'
import { type Replacing, type Step, steps } from '../core/state.ts'
import { stepWords } from '../core/words.ts'
import { h } from './element.ts'
import { lanes } from './lanes.ts'
import { action, button, field, form, heading, notice, staleness, type View } from './parts.ts'

interface Flow {
  readonly screen: Replacing
  readonly account: Account
}

/** Replace this passkey, as one guided flow. */
export function replace(view: View, { screen, account }: Flow): readonly (Node | undefined)[] {
  const old = labelOf(account, screen.old) ?? 'a passkey that is gone'
  const fresh = screen.label || 'the new passkey'
  return [
    heading(screen.step === 'done' ? `“${old}” is replaced` : `Replace “${old}”`),
    notice(view),
    staleness(view),
    lanes(screen, { old, fresh }),
    screen.step === 'done' ? ending(view, { old, fresh }) : stepList(view, screen),
    screen.step === 'done' ? undefined : wayOut(view, { screen, old, fresh }),
  ]
}

function stepList(view: View, screen: Replacing): HTMLElement {
  const now = steps.findIndex((step) => step === screen.step)
  return h(
    'ol',
    { class: 'steps' },
    ...steps.map((step, index) => {
      const when = index < now ? 'past' : index === now ? 'now' : 'later'
      return h(
        'li',
        { class: when, 'aria-current': when === 'now' ? 'step' : undefined },
        h('h2', {}, stepWords[step].title),
        when === 'past' && h('span', { class: 'visually-hidden' }, ' done'),
        when === 'now' && h('p', {}, textOf(screen, step)),
        when === 'now' && !screen.asksHowToEnd && doIt(view, { screen, step }),
      )
    }),
  )
}

function textOf(screen: Replacing, step: Step): string {
  if (!screen.isUnclear) return stepWords[step].text
  return 'It is not known whether the last attempt came through. This looks first, and registers it if not.'
}

function doIt(view: View, { screen, step }: { screen: Replacing; step: Step }): HTMLElement {
  const { app } = view
  if (step === 'create') {
    return form(
      view,
      { id: 'create', onSubmit: (read) => app.create(read('label')) },
      field(view, {
        id: 'label',
        label: 'Its name',
        hint: 'How you will know it, for example “Blue security key”.',
        value: screen.label,
      }),
      action(view, { id: 'step-create', text: stepWords.create.title }),
    )
  }
  const press = { register: app.register, verify: app.verify, deactivate: app.deactivateOld }[step]
  const look = step === 'deactivate' ? 'grave' : 'primary'
  return action(view, { id: `step-${step}`, text: stepWords[step].title, look, onPress: press })
}

interface Names {
  readonly old: string
  readonly fresh: string
}

function wayOut(view: View, { screen, old, fresh }: Names & { screen: Replacing }): HTMLElement {
  const { app } = view
  if (!screen.asksHowToEnd) {
    return h(
      'div',
      { class: 'actions way-out' },
      button(view, { id: 'cancel', text: 'Cancel', look: 'quiet', onPress: app.cancel }),
    )
  }
  return h(
    'section',
    { class: 'notice plain choice', 'aria-labelledby': 'choice-title' },
    h('strong', { id: 'choice-title' }, `What shall become of “${fresh}”?`),
    h('p', {}, `Dfns has registered it. “${old}” works as before, whatever you choose.`),
    action(view, {
      id: 'deactivate-new',
      text: 'Deactivate the new one',
      look: 'secondary',
      onPress: app.deactivateNew,
    }),
    h(
      'div',
      { class: 'actions' },
      button(view, { id: 'keep-both', text: 'Keep both', look: 'secondary', onPress: app.keepBoth }),
      button(view, { id: 'stay', text: 'Go on replacing', look: 'quiet', onPress: app.stay }),
    ),
  )
}

function ending(view: View, { old, fresh }: Names): HTMLElement {
  const { app } = view
  return h(
    'div',
    { class: 'ending' },
    h(
      'p',
      { class: 'lead' },
      `Dfns accepts “${fresh}” and refuses “${old}”. Should you miss the old one, undo this now or ` +
        'activate it in the list at any time.',
    ),
    action(view, { id: 'finish', text: 'Done', onPress: app.finish }),
    h(
      'div',
      { class: 'actions' },
      button(view, {
        id: 'undo',
        text: `Undo: activate “${old}” again`,
        look: 'secondary',
        onPress: app.undo,
      }),
    ),
  )
}

function labelOf(account: Account, uuid: string): string | undefined {
  const credential = find({ account, uuid })
  return credential && readName(credential.name).label
}
