import { readName } from '../core/names.ts'
import { type Account, find } from '../core/passkeys.ts'
import type { Adding } from '../core/state.ts'
import { writeAddress } from '../browser/address.ts'
import { h } from './element.ts'
import { action, button, heading, notice, staleness, type View } from './parts.ts'

/** Add a passkey on another domain or device, with a one-time code. */
export function add(
  view: View,
  { screen, account }: { screen: Adding; account: Account },
): readonly (Node | undefined)[] {
  const { app } = view
  const back = h(
    'div',
    { class: 'actions way-out' },
    button(view, {
      id: 'back',
      text: 'Back to the list',
      look: 'quiet',
      onPress: () => app.go({ name: 'passkeys' }),
    }),
  )
  if (screen.added !== undefined) {
    const added = find({ account, uuid: screen.added })
    const label = added === undefined ? 'A passkey' : `“${readName(added.name).label}”`
    return [
      heading('A passkey was added'),
      notice(view),
      h('p', { class: 'lead' }, `${label} came by your code. It is in the list.`),
      back,
    ]
  }
  return [
    heading('Add a passkey elsewhere'),
    h(
      'p',
      { class: 'lead' },
      'A one-time code lets another device, or this one on another domain, register one passkey of yours. ' +
        'Open the page there before you make it: it is good for one minute.',
    ),
    notice(view),
    staleness(view),
    places(view),
    screen.code === undefined ? undefined : codeCard(view, screen, screen.code),
    action(view, {
      id: 'make-code',
      text: screen.code === undefined ? 'Make a code' : 'Make a new code',
      look: screen.code !== undefined && screen.left !== 0 ? 'secondary' : 'primary',
      onPress: app.makeCode,
    }),
    back,
  ]
}

function codeCard(view: View, { left = 0 }: Adding, code: string): HTMLElement {
  const isOver = left === 0
  return h(
    'div',
    { class: isOver ? 'code-card over' : 'code-card' },
    h('p', { class: 'code', id: 'code', translate: 'no' }, code),
    h('progress', { id: 'bar', max: '60', value: String(left), 'aria-label': 'Time left' }),
    h('p', { class: 'left', id: 'left' }, timeLeftLine(left)),
    !isOver &&
      button(view, {
        id: 'copy',
        text: 'Copy',
        look: 'quiet',
        onPress: () => navigator.clipboard?.writeText(code).catch(() => undefined),
      }),
  )
}

/** How long a code is still good for, in whole seconds. */
export function timeLeftLine(left: number): string {
  return left === 0 ? 'This code is over.' : `Good for ${left} second${left === 1 ? '' : 's'}.`
}

/** Where the code is redeemed: the configured places, or this very page. */
function places({ app, state }: View): HTMLElement {
  const here = { name: 'this page, on the other device', url: location.href.replace(/#.*/, '') }
  const address = writeAddress({ username: state.username, orgId: app.orgIdForLinks(), startsWith: 'redeem' })
  return h(
    'ul',
    { class: 'places' },
    ...[...app.otherSites, here].map(({ name, url }, index) =>
      h(
        'li',
        {},
        h(
          'a',
          {
            href: url.replace(/#.*/, '') + address,
            target: '_blank',
            rel: 'noopener noreferrer',
            id: `place-${index}`,
          },
          name,
        ),
        h('span', { class: 'hint' }, ` ${new URL(url).host}`),
      ),
    ),
  )
}
