import { expect, test } from 'vitest'
import { assertTruth } from './truth.ts'
import { newDevice } from './devices.ts'
import { openWorld, worldWithPasskey } from './world.ts'

test('whoever leaves the username out is known by the passkey', async () => {
  const { world, laptop } = await worldWithPasskey()
  const tab = world.open({ device: laptop })
  await tab.app.signIn({ ...world.login, username: '  ' })
  expect(tab.app.state().screen).toEqual({ name: 'passkeys' })
  assertTruth(world, tab.app.state())
})

test.each([
  ['user-unknown', { username: 'nobody@example.com' }],
  ['prompt-ended', {}],
] as const)('a sign-in that fails says %s and opens nothing', async (code, other) => {
  const { world } = await worldWithPasskey()
  const tab = world.open({ device: newDevice() })
  await tab.app.signIn({ ...world.login, ...other })
  expect(tab.app.state()).toMatchObject({ screen: { name: 'sign-in' }, notice: { code } })
  expect(tab.app.state().account).toBeUndefined()
})

test('somebody without a passkey is told so', async () => {
  const world = openWorld()
  const tab = world.open({ device: newDevice() })
  await tab.app.signIn(world.login)
  expect(tab.app.state().notice).toMatchObject({ code: 'no-passkey' })
})

test('an organisation that signs in by SSO is told to', async () => {
  const { world, laptop } = await worldWithPasskey()
  world.dfns.setSwitches({ orgId: world.orgId, switches: { login: 'sso' } })
  const tab = world.open({ device: laptop })
  await tab.app.signIn(world.login)
  expect(tab.app.state().notice).toMatchObject({ code: 'sso' })
})

test('signing out ends the session at Dfns', async () => {
  const { world, tab } = await worldWithPasskey()
  await tab.app.signOut()
  expect(tab.app.state()).toMatchObject({ screen: { name: 'sign-in' }, notice: { what: 'signed-out' } })
  expect(world.dfns.tokens(world.person).map(({ isActive }) => isActive)).toEqual([false])
})

test('a sign-out that Dfns does not hear of is said to be one of this device', async () => {
  const { world, tab } = await worldWithPasskey()
  world.wire.plan = () => 'lost-before'
  await tab.app.signOut()
  expect(tab.app.state()).toMatchObject({ screen: { name: 'sign-in' }, notice: { what: 'signed-out-here' } })
})

test('no state of the page holds the session’s token', async () => {
  const { world, tab } = await worldWithPasskey()
  const tokens = world.wire.calls.flatMap(({ request }) => request.headers['authorization'] ?? [])
  expect(tokens.length).toBeGreaterThan(0)
  const [bearer = ''] = tokens
  expect(JSON.stringify(tab.states)).not.toContain(bearer.replace('Bearer ', ''))
})
