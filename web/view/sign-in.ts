import { h } from './element.ts'
import { action, button, field, form, heading, notice, type View } from './parts.ts'

/** Signing in with a passkey. */
export function signIn(view: View): readonly (Node | undefined | false)[] {
  const { app } = view
  return [
    heading('Your passkeys'),
    h(
      'p',
      { class: 'lead' },
      'Replace a passkey, or add one on another device. Sign in with a passkey that works today.',
    ),
    notice(view),
    signInForm(view),
    h(
      'p',
      { class: 'aside' },
      'No passkey on this device or this domain yet? ',
      button(view, {
        id: 'to-redeem',
        text: 'Redeem a one-time code',
        look: 'quiet',
        onPress: app.startRedeeming,
      }),
    ),
  ]
}

/** Also stands at the end of redeeming a code, where signing in is the proof. */
export function signInForm(view: View): HTMLElement {
  const { app, state } = view
  return form(
    view,
    {
      id: 'sign-in',
      onSubmit: (read) => app.signIn({ username: read('username'), orgId: read('organisation') }),
    },
    field(view, {
      id: 'username',
      label: 'Username',
      hint: 'May stay empty if your browser knows your passkeys.',
      value: state.username,
      autocomplete: 'username webauthn',
      isRequired: false,
    }),
    app.asksForOrganisation &&
      field(view, { id: 'organisation', label: 'Organisation', hint: 'Its id: or-…', value: state.orgId }),
    action(view, { id: 'sign-in-button', text: 'Sign in with a passkey' }),
  )
}
