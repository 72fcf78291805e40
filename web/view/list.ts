import { readName } from '../core/names.ts'
import {
  type Account,
  find,
  isPasskey,
  mayDeactivate,
  placeOf,
  signersHere,
  unfinished,
} from '../core/passkeys.ts'
import type { Credential } from '../core/replies.ts'
import { age, kindName, places } from '../core/words.ts'
import { h } from './element.ts'
import { action, button, heading, notice, staleness, type View } from './parts.ts'

/** The list of one's credentials. */
export function list(view: View, account: Account): readonly (Node | undefined)[] {
  const { app, state } = view
  const { credentials } = account
  // Before the first answer there is nothing to say, and "none" would be a lie.
  const isUnread = credentials.length === 0
  return [
    heading('Your passkeys'),
    notice(view),
    staleness(view),
    ...unfinished(account).map(({ fresh, old }) => unfinishedCard(view, { fresh, old })),
    isUnread
      ? h('p', { class: 'lead' }, state.busy === undefined ? 'Nothing could be read.' : 'Asking Dfns …')
      : h('ul', { class: 'cards' }, ...credentials.map((credential) => card(view, { account, credential }))),
    h(
      'div',
      { class: 'actions' },
      button(view, {
        id: 'add',
        text: 'Add a passkey on another device or domain',
        look: 'secondary',
        onPress: app.startAdding,
      }),
      button(view, { id: 'refresh', text: 'Look again', look: 'quiet', onPress: app.refresh }),
    ),
  ]
}

function unfinishedCard(view: View, { fresh, old }: { fresh: Credential; old: Credential }): HTMLElement {
  const { label } = readName(fresh.name)
  return h(
    'div',
    { class: 'notice plain unfinished' },
    h('strong', {}, 'A replacement is not finished'),
    ' ',
    h('span', {}, `“${label}” was made to replace “${readName(old.name).label}”. Both work.`),
    ' ',
    button(view, {
      id: `resume-${fresh.credentialUuid}`,
      text: 'Go on with it',
      look: 'secondary',
      onPress: () => view.app.resume(fresh.credentialUuid),
    }),
  )
}

interface Row {
  readonly account: Account
  readonly credential: Credential
}

function card(view: View, { account, credential }: Row): HTMLElement {
  const { name, kind, isActive, credentialUuid, dateCreated } = credential
  const place = placeOf({ account, credential })
  const domain = place === 'other-domain' ? ` (${credential.relyingPartyId || 'not named'})` : ''
  const facts = [kindName(kind), age(view.app.dfnsNow() - dateCreated), `${places[place]}${domain}`]
  return h(
    'li',
    { class: `card ${isActive ? 'is-active' : 'is-inactive'}`, 'data-uuid': credentialUuid },
    h(
      'div',
      { class: 'card-head' },
      h('h2', { id: `name-${credentialUuid}` }, readName(name).label),
      h('span', { class: 'badge', 'data-active': String(isActive) }, isActive ? 'active' : 'inactive'),
    ),
    h('p', { class: 'facts' }, ...facts.map((fact) => h('span', {}, fact))),
    replacesLine({ account, credential }),
    isPasskey(credential) ? rowActions(view, { account, credential }) : undefined,
  )
}

function replacesLine({ account, credential }: Row): HTMLElement | undefined {
  const { replaces } = readName(credential.name)
  if (replaces === undefined) return undefined
  const old = find({ account, uuid: replaces })
  const label = old === undefined ? 'a passkey that is gone' : `“${readName(old.name).label}”`
  return h('p', { class: 'hint' }, `Made to replace ${label}.`)
}

function rowActions(view: View, { account, credential }: Row): HTMLElement {
  const { app } = view
  const { credentialUuid: uuid, isActive } = credential
  const describedBy = `name-${uuid}`
  if (!isActive) {
    const press = () => app.activate(uuid)
    return h(
      'div',
      { class: 'actions' },
      button(view, {
        id: `activate-${uuid}`,
        text: 'Activate',
        look: 'secondary',
        onPress: press,
        describedBy,
      }),
    )
  }
  const isAlone = !mayDeactivate({ account, credential })
  return h(
    'div',
    { class: 'actions' },
    button(view, {
      id: `replace-${uuid}`,
      text: 'Replace this passkey',
      look: 'secondary',
      onPress: () => app.startReplacing(uuid),
      describedBy,
    }),
    !isAlone &&
      button(view, {
        id: `deactivate-${uuid}`,
        text: 'Deactivate',
        look: 'quiet',
        onPress: () => app.go({ name: 'deactivate', uuid }),
        describedBy,
      }),
    isAlone && h('span', { class: 'hint' }, 'Your only passkey that works here: it cannot be deactivated.'),
  )
}

/** Asks before a passkey of the list is deactivated. */
export function deactivateScreen(
  view: View,
  { account, uuid }: { account: Account; uuid: string },
): readonly (Node | undefined)[] {
  const { app } = view
  const credential = find({ account, uuid })
  const label = credential === undefined ? 'this passkey' : `“${readName(credential.name).label}”`
  const others = signersHere({ account, except: uuid }).map(({ name }) => `“${readName(name).label}”`)
  return [
    heading(`Deactivate ${label}?`),
    notice(view),
    staleness(view),
    h(
      'p',
      { class: 'lead' },
      `You sign this with another passkey: ${others.join(' or ') || 'there is none'}. ` +
        'That shows that one which works is left. You can activate it again at any time.',
    ),
    action(view, {
      id: 'deactivate-now',
      text: 'Deactivate it',
      look: 'grave',
      onPress: () => app.deactivate(uuid),
    }),
    h(
      'div',
      { class: 'actions' },
      button(view, {
        id: 'back',
        text: 'Back to the list',
        look: 'quiet',
        onPress: () => app.go({ name: 'passkeys' }),
      }),
    ),
  ]
}
