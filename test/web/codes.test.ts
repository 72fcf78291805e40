import { expect, test } from 'vitest'
import type { Fault } from '../../sandbox/wire.ts'
import { newDevice } from './devices.ts'
import { assertTruth } from './truth.ts'
import { away, type Tab, worldWithPasskey } from './world.ts'

const codeOf = ({ app }: Tab): string => {
  const { screen } = app.state()
  return (screen.name === 'add' ? screen.code : undefined) ?? ''
}

/** Somebody with a passkey at home, and a phone that is to get one on the other domain. */
async function worldWithTwoDomains() {
  const made = await worldWithPasskey()
  const { world } = made
  const phone = world.keep(newDevice())
  return { ...made, phone, second: world.open({ device: phone, at: away, startsWith: 'redeem' }) }
}

test('a code carries a passkey to another domain, where it proves itself by signing in', async () => {
  const { world, tab, second } = await worldWithTwoDomains()
  await tab.app.makeCode()
  expect(tab.app.state().screen).toMatchObject({ name: 'add', left: 60 })
  await second.app.redeem({ code: codeOf(tab), label: 'Phone' })
  expect(second.app.state()).toMatchObject({ screen: { step: 'verify', outcome: 'registered' } })
  await second.app.signIn(world.login)
  expect(second.app.state().notice).toEqual({ kind: 'done', what: 'proven' })
  assertTruth(world, second.app.state())
  expect(world.credentials().map(({ passkey }) => passkey?.relyingPartyId)).toEqual([
    'a.example',
    'b.example',
  ])
})

test('a code may be typed in any case, and without its hyphens', async () => {
  const { tab, second } = await worldWithTwoDomains()
  await tab.app.makeCode()
  await second.app.redeem({ code: ` ${codeOf(tab).toLowerCase().replaceAll('-', ' ')} `, label: 'Phone' })
  expect(second.app.state().screen).toMatchObject({ step: 'verify', outcome: 'registered' })
})

test('the page that made the code counts its seconds, and sees that it was used', async () => {
  const { world, tab, second } = await worldWithTwoDomains()
  await tab.app.makeCode()
  await second.app.redeem({ code: codeOf(tab), label: 'Phone' })
  for (let seconds = 1; seconds <= 12; seconds += 1) {
    await world.clock.advance(1_000)
    tab.app.tick()
  }
  const added = world.credentials()[1]?.credentialUuid
  await expect.poll(() => tab.app.state().screen).toEqual({ name: 'add', added })
  assertTruth(world, tab.app.state())
})

test('a code that is over is said to be over, and a new one works', async () => {
  const { world, tab, second } = await worldWithTwoDomains()
  await tab.app.makeCode()
  await world.clock.advance(61_000)
  tab.app.tick()
  expect(tab.app.state().screen).toMatchObject({ left: 0 })
  await second.app.redeem({ code: codeOf(tab), label: 'Phone' })
  expect(second.app.state()).toMatchObject({ screen: { step: 'code' }, notice: { code: 'code-over' } })
  expect(second.hands.prompts).toEqual([])
  await tab.app.makeCode()
  await second.app.redeem({ code: codeOf(tab), label: 'Phone' })
  expect(second.app.state().screen).toMatchObject({ outcome: 'registered' })
})

test('a code that ends while the passkey is being made registers nothing, and the passkey is called off', async () => {
  const { world, tab, phone, second } = await worldWithTwoDomains()
  await tab.app.makeCode()
  const open = Promise.withResolvers<void>()
  second.hands.until = open.promise
  const redeemed = second.app.redeem({ code: codeOf(tab), label: 'Phone' })
  await expect.poll(() => second.hands.prompts).toEqual(['create'])
  await world.clock.advance(61_000)
  open.resolve()
  await redeemed
  expect(second.app.state().notice).toMatchObject({ code: 'code-over' })
  expect(second.hands.forgotten).toEqual([phone.held[0]?.passkey.credId])
  expect(world.credentials().length).toBe(1)
})

test('a code is good for one passkey', async () => {
  const { world, tab, second } = await worldWithTwoDomains()
  await tab.app.makeCode()
  await second.app.redeem({ code: codeOf(tab), label: 'Phone' })
  second.app.startRedeeming()
  await second.app.redeem({ code: codeOf(tab), label: 'Phone again' })
  expect(second.app.state().notice).toMatchObject({ code: 'code-over' })
  expect(world.credentials().length).toBe(2)
})

test('a device that holds a passkey of the domain refuses to overwrite it', async () => {
  const { world, tab, laptop } = await worldWithTwoDomains()
  const same = world.open({ device: laptop, startsWith: 'redeem' })
  await tab.app.makeCode()
  await same.app.redeem({ code: codeOf(tab), label: 'Laptop again' })
  expect(same.app.state().notice).toMatchObject({ code: 'already-here' })
  expect(world.usable().length).toBe(1)
})

test.each(['lost-before', 'lost-after'] as const)(
  'a code whose making was %s is made anew',
  async (fault) => {
    const { world, tab } = await worldWithTwoDomains()
    strikeOnce(world, { operation: 'POST /auth/credentials/code', fault })
    await tab.app.makeCode()
    expect(tab.app.state()).toMatchObject({ screen: { name: 'add' }, notice: { code: 'unreachable' } })
    expect(codeOf(tab)).toBe('')
    await tab.app.makeCode()
    expect(codeOf(tab)).toMatch(/^\w{3}-\w{3}-\w{3}$/)
  },
)

test('a registration that was lost on the way there goes out again by itself', async () => {
  const { world, tab, second } = await worldWithTwoDomains()
  strikeOnce(world, { operation: 'POST /auth/credentials/code/verify', fault: 'lost-before' })
  await tab.app.makeCode()
  await second.app.redeem({ code: codeOf(tab), label: 'Phone' })
  expect(second.app.state().screen).toMatchObject({ outcome: 'registered' })
})

test('a registration whose reply was lost is called unclear, and signing in tells', async () => {
  const { world, tab, second } = await worldWithTwoDomains()
  strikeOnce(world, { operation: 'POST /auth/credentials/code/verify', fault: 'lost-after' })
  await tab.app.makeCode()
  await second.app.redeem({ code: codeOf(tab), label: 'Phone' })
  expect(second.app.state()).toMatchObject({
    screen: { outcome: 'unclear' },
    notice: { what: 'sign-in-to-find-out' },
  })
  await second.app.signIn(world.login)
  expect(second.app.state().notice).toEqual({ kind: 'done', what: 'proven' })
  assertTruth(world, second.app.state())
})

test('a registration that never arrived is unclear too, and signing in tells that as well', async () => {
  const { world, tab, second } = await worldWithTwoDomains()
  world.wire.plan = ({ operation }) =>
    operation === 'POST /auth/credentials/code/verify' ? 'lost-before' : undefined
  await tab.app.makeCode()
  await second.app.redeem({ code: codeOf(tab), label: 'Phone' })
  expect(second.app.state().screen).toMatchObject({ outcome: 'unclear' })
  await second.app.signIn(world.login)
  expect(second.app.state()).toMatchObject({ notice: { code: 'signature-refused' } })
  expect(second.app.state().account).toBeUndefined()
})

test('a device whose clock is hours off makes a code all the same', async () => {
  const { world, laptop } = await worldWithTwoDomains()
  for (const off of [-7_200_000, 7_200_000]) {
    const tab = world.open({ device: laptop, clockOff: off })
    await tab.app.signIn(world.login)
    await tab.app.makeCode()
    expect(tab.app.state().screen).toMatchObject({ left: 60 })
  }
})

test('the second domain lets the first one’s passkey go, and never the last that works there', async () => {
  const { world, tab, second, first, laptop } = await worldWithTwoDomains()
  await tab.app.makeCode()
  await second.app.redeem({ code: codeOf(tab), label: 'Phone' })
  await second.app.signIn(world.login)
  await second.app.deactivate(first)
  assertTruth(world, second.app.state())
  const [, phone] = world.credentials()
  await second.app.deactivate(phone?.credentialUuid ?? '')
  expect(second.app.state().notice).toMatchObject({ code: 'last-passkey' })
  assertTruth(world, second.app.state())
  expect(laptop.held.length).toBe(1)
})

test('whoever deactivates the passkey of the session is asked to sign in with another one', async () => {
  const { world, tab, first, laptop } = await worldWithTwoDomains()
  const phone = world.keep(newDevice('cross-platform'))
  await tab.app.makeCode()
  const other = world.open({ device: phone, startsWith: 'redeem' })
  await other.app.redeem({ code: codeOf(tab), label: 'Phone' })
  await tab.app.refresh()
  tab.hands.device = phone
  await tab.app.deactivate(first)
  expect(tab.app.state()).toMatchObject({ screen: { name: 'sign-in' }, notice: { what: 'deactivated-own' } })
  assertTruth(world, tab.app.state())
  await tab.app.signIn(world.login)
  await tab.app.activate(first)
  assertTruth(world, tab.app.state())
  expect(laptop.held.length).toBe(1)
  expect(world.usable().length).toBe(2)
})

test('whatever is pressed in the list, the passkey that signs the deactivation stays', async () => {
  const { world, tab, first } = await worldWithTwoDomains()
  await tab.app.deactivate(first)
  expect(tab.app.state().notice).toMatchObject({ code: 'last-passkey' })
  // Dfns itself would let the last one go, signed by itself: the page is what keeps it.
  expect(world.usable().length).toBe(1)
})

function strikeOnce(
  world: Awaited<ReturnType<typeof worldWithPasskey>>['world'],
  on: { operation: string; fault: Fault },
): void {
  let isDone = false
  world.wire.plan = ({ operation }) => {
    if (operation !== on.operation || isDone) return undefined
    isDone = true
    return on.fault
  }
}
