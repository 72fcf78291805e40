import type { Place } from './passkeys.ts'
import type { ProblemCode } from './problems.ts'
import type { Busy, Done, Notice, Step } from './state.ts'

/** A notice in words. `tone` is how it is coloured, and whether a screen reader is interrupted. */
export interface Said {
  readonly tone: 'good' | 'plain' | 'bad'
  readonly title: string
  readonly text: string
}

type Pair = readonly [title: string, text: string]

const problems: Readonly<Record<ProblemCode, Pair>> = {
  'prompt-ended': [
    'The passkey prompt ended',
    'It was cancelled, took too long, or none of the passkeys that were asked for is on this device or on ' +
      'a key or phone within reach. Nothing has changed.',
  ],
  stopped: ['Stopped', 'You stopped the passkey prompt. Nothing has changed.'],
  'already-here': [
    'This authenticator already holds a passkey of yours',
    'A second one would overwrite it, so it was refused. Choose another device, phone or security key in ' +
      'the prompt, or add one elsewhere with a one-time code.',
  ],
  'wrong-domain': [
    'This address is not the one that passkeys are set up for',
    'The page’s configuration names another domain. Whoever runs the page must put that right.',
  ],
  unsupported: [
    'This browser cannot use passkeys here',
    'Passkeys need an up-to-date browser and a secure (https) address.',
  ],
  'wrong-passkey': [
    'Another passkey answered',
    'Choose the passkey that this step asks for. Nothing has changed.',
  ],
  'user-unknown': ['Nobody is known by that name', 'Check the username and the organisation.'],
  'no-passkey': [
    'There is no passkey to sign in with',
    'No active passkey of this person is known. Ask for a one-time code to add one.',
  ],
  'account-deactivated': [
    'Your account has been deactivated',
    'Dfns takes no signature of yours until an administrator activates it again. Your passkeys are as they ' +
      'were.',
  ],
  sso: ['Your organisation signs in by SSO', 'This page signs in with passkeys alone. Use your dashboard.'],
  'session-over': ['You are not signed in', 'Sign in with a passkey.'],
  'signature-refused': [
    'Dfns did not accept this passkey’s signature',
    'A passkey that is only just registered may take a moment. Try again; if it stays so, use another ' +
      'one. Nothing has changed.',
  ],
  'challenge-over': [
    'That took too long',
    'Dfns waits a quarter of an hour for each step. Nothing has changed; do this step again.',
  ],
  'code-over': [
    'This code does not work',
    'A code is good for one minute and for one passkey. Make a new one, and mind its letters.',
  ],
  'expiration-refused': [
    'The clock of this device is off',
    'Dfns refused a code of one minute. Set the device’s clock right and try again.',
  ],
  'already-done': ['Dfns has done this already', 'Look at the list again.'],
  'awaiting-approval': [
    'Waiting for approval',
    'A policy of your organisation holds this change until somebody approves it. Do not ask again; look at ' +
      'the list later.',
  ],
  throttled: [
    'Dfns asks to slow down',
    'There were too many requests. Nothing has changed; try again in a minute.',
  ],
  refused: ['Dfns refused this', 'Nothing has changed.'],
  unreachable: [
    'Dfns’s answer did not arrive',
    'The connection broke. Try again; what is done already stays done.',
  ],
  unreadable: ['Dfns’s answer makes no sense to this page', 'Look at the list before you try again.'],
  'failed-there': ['Dfns could not answer', 'Something failed there. Look at the list before you try again.'],
  'not-changed': [
    'The list does not show the change',
    'Dfns took the request, but nothing changed yet. Try again.',
  ],
  'changed-elsewhere': [
    'Something has changed meanwhile',
    'Another page or person was at it. This is how it stands now.',
  ],
  'last-passkey': [
    'This is the last passkey that works here',
    'Another passkey of this domain must sign its deactivation, so that you keep one that works.',
  ],
  unclear: [
    'Nobody knows whether the new passkey is registered',
    'No answer came, and the list does not show it. Look again in a moment.',
  ],
  defect: [
    'This page has failed',
    'That is a defect of the page. Reload it; what is done already stays done.',
  ],
}

const outcomes: Readonly<Record<Done, Pair>> = {
  'signed-out': ['Signed out', 'The session is over.'],
  'signed-out-here': [
    'Signed out on this device',
    'Dfns did not confirm it; the session ends there by itself before long.',
  ],
  activated: ['“{}” is active again', 'It signs in and signs from now on.'],
  deactivated: ['“{}” is deactivated', 'Another passkey signed this, so you know of one that works.'],
  'deactivated-own': ['“{}” is deactivated', 'Your session belonged to it. Sign in with another passkey.'],
  undone: ['“{}” is active again', 'Both passkeys work. The replacement can be taken up whenever you like.'],
  'not-begun': ['Cancelled', 'Nothing has changed.'],
  'not-registered': [
    'Cancelled',
    'Dfns does not know the new passkey, and it is good for nothing. Your authenticator may still show it; ' +
      'delete it there.',
  ],
  'not-listed': [
    'Cancelled',
    'Dfns does not list the new passkey. Should it turn up, you can go on with it or deactivate it.',
  ],
  'new-one-deactivated': ['“{}” is deactivated', 'The old passkey signed this, and goes on as before.'],
  'both-kept': ['Both passkeys work', 'You can go on with the replacement whenever you like.'],
  'sign-in-with-new': ['Replaced', 'Your session belonged to the old passkey. Sign in with the new one.'],
  'sign-in-to-prove': ['Registered', 'Now sign in with the new passkey: that proves it works.'],
  'sign-in-to-find-out': [
    'Nobody knows yet whether it is registered',
    'Dfns’s answer did not arrive. Sign in with the new passkey: if that works, it is. If not, ask for a ' +
      'new code.',
  ],
  proven: ['The new passkey works', 'You have just signed in with it.'],
  'session-over': [
    'Your session is over',
    'Sign in again. What was registered is in the list, and can be taken up from there.',
  ],
}

/** The sentences for a notice. */
export function say(notice: Notice): Said {
  if (notice.kind === 'done') {
    const [title, text] = outcomes[notice.what]
    const isPlain = ['not-begun', 'not-registered', 'not-listed', 'signed-out-here', 'session-over']
    const tone = isPlain.includes(notice.what) || notice.what === 'sign-in-to-find-out' ? 'plain' : 'good'
    return { tone, title: title.replace('{}', () => notice.label ?? ''), text }
  }
  const [title, text] = problems[notice.code]
  const status = notice.code === 'refused' ? ` (Status ${notice.status}.)` : ''
  return { tone: notice.code === 'stopped' ? 'plain' : 'bad', title, text: `${text}${status}` }
}

/** What the page waits for. */
export const waitingFor: Readonly<Record<Busy, string>> = {
  dfns: 'Asking Dfns …',
  passkey: 'Waiting for your passkey …',
  'new-passkey': 'Waiting for the new passkey …',
}

export const places: Readonly<Record<Place, string>> = {
  'this-device': 'this device',
  'used-here': 'used here, from a key or phone',
  'not-seen-here': 'not used here yet',
  'other-domain': 'of another domain',
  'no-passkey': 'not a passkey',
}

/** Kinds as Dfns names them, in a person's words. */
export function kindName(kind: string): string {
  const known: Readonly<Record<string, string>> = {
    Fido2: 'Passkey',
    Key: 'Key',
    PasswordProtectedKey: 'Password-protected key',
    RecoveryKey: 'Recovery key',
  }
  return Object.hasOwn(known, kind) ? (known[kind] ?? kind) : kind
}

export const stepWords: Readonly<Record<Step, { readonly title: string; readonly text: string }>> = {
  create: {
    title: 'Create the new passkey',
    text:
      'Your browser asks where to keep it. Choose another authenticator than the one that holds the old ' +
      'passkey: another device, a phone, a security key.',
  },
  register: {
    title: 'Register it',
    text: 'Sign with a passkey that works today, so that Dfns takes the new one.',
  },
  verify: {
    title: 'Verify the new passkey',
    text:
      'Sign once with the new passkey. Nothing is done with the signature: it only shows that the passkey ' +
      'works.',
  },
  deactivate: {
    title: 'Deactivate the old passkey',
    text:
      'Sign with the new passkey. Until now both work; from then on only the new one does. It can be ' +
      'undone.',
  },
}

const spans = [
  { unit: 'year', days: 365 },
  { unit: 'month', days: 30 },
  { unit: 'day', days: 1 },
] as const

/** An age as people say it, from milliseconds. */
export function age(ms: number): string {
  const days = Math.floor(ms / 86_400_000)
  const span = spans.find((each) => days >= each.days)
  if (span === undefined) return 'made today'
  const count = Math.floor(days / span.days)
  return `${count} ${span.unit}${count === 1 ? '' : 's'} old`
}
