import type { Redeeming } from '../core/state.ts'
import { h } from './element.ts'
import { action, button, field, form, heading, notice, type View } from './parts.ts'
import { signInForm } from './sign-in.ts'

/** Redeem a one-time code: create and register here, then verify by signing in. */
export function redeem(view: View, screen: Redeeming): readonly (Node | undefined)[] {
  const { app } = view
  if (screen.step === 'verify') return verify(view, screen)
  return [
    heading('Redeem a one-time code'),
    h(
      'p',
      { class: 'lead' },
      `It registers one passkey of yours for ${app.relyingPartyId}. Make the code where you are signed in; ` +
        'it is good for one minute.',
    ),
    notice(view),
    codeForm(view, screen),
    h(
      'div',
      { class: 'actions way-out' },
      button(view, {
        id: 'to-sign-in',
        text: 'Back to signing in',
        look: 'quiet',
        onPress: () => app.go({ name: 'sign-in' }),
      }),
    ),
  ]
}

function codeForm(view: View, screen: Redeeming): HTMLElement {
  const { app } = view
  return form(
    view,
    { id: 'redeem', onSubmit: (read) => app.redeem({ code: read('code'), label: read('label') }) },
    field(view, {
      id: 'label',
      label: 'Name of the new passkey',
      hint: 'How you will know it, for example “Phone”.',
      value: screen.label,
    }),
    field(view, {
      id: 'code',
      label: 'One-time code',
      hint: 'Nine letters and digits.',
      value: screen.code,
      autocomplete: 'one-time-code',
      isCode: true,
    }),
    action(view, { id: 'redeem-button', text: 'Create the passkey here' }),
  )
}

function verify(view: View, { outcome }: Redeeming): readonly (Node | undefined)[] {
  const { app } = view
  const isUnclear = outcome === 'unclear'
  return [
    heading(isUnclear ? 'Is it registered?' : 'Verify the new passkey'),
    notice(view),
    signInForm(view),
    h(
      'div',
      { class: 'actions way-out' },
      isUnclear &&
        button(view, {
          id: 'to-redeem',
          text: 'Redeem a new code',
          look: 'secondary',
          onPress: app.startRedeeming,
        }),
      button(view, {
        id: 'to-sign-in',
        text: 'Sign in with another passkey',
        look: 'quiet',
        onPress: () => app.go({ name: 'sign-in' }),
      }),
    ),
  ]
}
