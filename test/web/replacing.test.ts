import { expect, test } from 'vitest'
import type { Fault, WireRequest } from '../../sandbox/wire.ts'
import { readName } from '../../web/core/names.ts'
import { unfinished } from '../../web/core/passkeys.ts'
import { type Device, newDevice } from './devices.ts'
import { assertTruth } from './truth.ts'
import { type Tab, type World, worldWithPasskey } from './world.ts'

/** What a person does next who wants the laptop's passkey replaced by one on the phone. */
async function press(tab: Tab, { world, laptop, phone }: { world: World; laptop: Device; phone: Device }) {
  const { app, hands } = tab
  const { screen, account, isStale } = app.state()
  const old = world.credentials()[0]
  const holds = (device: Device) => {
    hands.device = device
  }
  if (screen.name === 'sign-in' || account === undefined) {
    holds(old?.isActive ? laptop : phone)
    return app.signIn(world.login)
  }
  if (isStale || account.credentials.length === 0) return app.refresh()
  if (screen.name === 'passkeys') {
    const [pair] = unfinished(account)
    return pair ? app.resume(pair.fresh.credentialUuid) : app.startReplacing(old?.credentialUuid ?? '')
  }
  if (screen.name !== 'replace') throw new Error(`nobody is on the screen ${screen.name}`)
  holds(screen.step === 'register' ? laptop : phone)
  if (screen.step === 'create') return app.create('Phone')
  if (screen.step === 'register') return app.register()
  if (screen.step === 'verify') return app.verify()
  if (screen.step === 'deactivate') return app.deactivateOld()
  return app.finish()
}

/** Presses on until the page says that the old passkey is replaced; returns how many times it took. */
async function replaceIt(tab: Tab, people: { world: World; laptop: Device; phone: Device }): Promise<number> {
  for (let presses = 1; presses <= 20; presses += 1) {
    await press(tab, people)
    assertTruth(people.world, tab.app.state())
    const { screen } = tab.app.state()
    if (screen.name === 'replace' && screen.step === 'done') return presses
  }
  throw new Error('the replacement never ended')
}

test('a passkey is replaced in the four steps, each by one press', async () => {
  const { world, tab, laptop, phone } = await worldWithPasskey()
  world.keep(phone)
  expect(await replaceIt(tab, { world, laptop, phone })).toBe(5)
  const [old, fresh] = world.credentials()
  expect([old?.isActive, fresh?.isActive]).toEqual([false, true])
  expect(readName(fresh?.name ?? '')).toEqual({ label: 'Phone', replaces: old?.credentialUuid })
  expect(tab.hands.prompts).toEqual(['create', 'get', 'create', 'get', 'get', 'get'])
})

test('the verified signature is never spent', async () => {
  const { world, tab, laptop, phone } = await worldWithPasskey()
  await replaceIt(tab, { world, laptop, phone: world.keep(phone) })
  const spent = world.dfns.effects(world.person).filter(({ kind }) => kind === 'user action spent')
  expect(spent.map(({ request }) => request?.path)).toEqual([
    '/auth/credentials',
    '/auth/credentials/deactivate',
  ])
})

const broken = (status: number, body: string): Fault => ({ reply: { status, body } })

const faults: Readonly<Record<string, Fault>> = {
  'is lost on the way there': 'lost-before',
  'is lost on the way back': 'lost-after',
  'is refused': 'refused',
  'is throttled': 'throttled',
  'meets a broken gateway': broken(502, '<html>Bad Gateway</html>'),
  'is answered with nonsense': broken(200, '[]'),
  'awaits approval': broken(202, '{}'),
}

// A replacement makes this many calls after signing in.
const calls = 14

test.each(Object.keys(faults).flatMap((name) => Array.from({ length: calls }, (_, nth) => ({ name, nth }))))(
  'whichever call $name, a passkey works all the time and the page says how it stands: call $nth',
  async ({ name, nth }) => {
    const { world, tab, laptop, phone } = await worldWithPasskey()
    world.keep(phone)
    const start = world.wire.calls.length
    world.wire.plan = ({ index }) => (index === start + nth ? faults[name] : undefined)
    await replaceIt(tab, { world, laptop, phone })
    expect(world.wire.calls[start + nth]?.fault).toBe(faults[name])
    expect(world.credentials().filter(({ isActive }) => isActive).length).toBe(1)
  },
)

test('the calls of a replacement are as many as the cases above', async () => {
  const { world, tab, laptop, phone } = await worldWithPasskey()
  const start = world.wire.calls.length
  await replaceIt(tab, { world, laptop, phone: world.keep(phone) })
  expect(world.wire.calls.length - start).toBe(calls)
})

const effects = ['POST /auth/credentials', 'PUT /auth/credentials/deactivate']

test.each(effects)(
  'a call that a browser repeats by itself is not taken for a failure: %s',
  async (operation) => {
    const { world, tab, laptop, phone } = await worldWithPasskey()
    world.wire.plan = repeated(world, operation)
    expect(await replaceIt(tab, { world, laptop, phone: world.keep(phone) })).toBe(5)
  },
)

/** As Chromium does on a connection of before: the first reply is lost, the same request goes out again. */
function repeated(world: World, operation: string) {
  let isDone = false
  return (call: WireRequest): Fault | undefined => {
    if (call.operation !== operation || isDone) return undefined
    isDone = true
    void world.wire.dispatch(call)
    return undefined
  }
}

test.each([1, 2, 3, 4, 5])(
  'a page that is reloaded after press %i takes it up from what Dfns knows',
  async (nth) => {
    const { world, laptop, phone, tab } = await worldWithPasskey()
    const people = { world, laptop, phone: world.keep(phone) }
    for (let presses = 0; presses < nth; presses += 1) await press(tab, people)
    const reloaded = world.open({ device: laptop })
    if (world.credentials()[0]?.isActive) await replaceIt(reloaded, people)
    else {
      reloaded.hands.device = phone
      await reloaded.app.signIn(world.login)
      assertTruth(world, reloaded.app.state())
    }
    expect(world.credentials().map(({ isActive }) => isActive)).toEqual([false, true])
  },
)

test('a phone that made a passkey which never was registered makes another one after a reload', async () => {
  const { world, laptop, phone, tab, first } = await worldWithPasskey()
  const people = { world, laptop, phone: world.keep(phone) }
  tab.app.startReplacing(first)
  await press(tab, people)
  expect(phone.held.length).toBe(1)
  await replaceIt(world.open({ device: laptop }), people)
  expect(phone.held.length).toBe(1)
  expect(world.credentials().length).toBe(2)
})

test('the authenticator that holds the old passkey refuses another, even where Dfns excludes none', async () => {
  for (const excludeCredentials of ['all', 'active', 'none'] as const) {
    const { world, tab, first } = await worldWithPasskey({ excludeCredentials })
    tab.app.startReplacing(first)
    await tab.app.create('Laptop again')
    expect(tab.app.state().notice).toEqual({ kind: 'problem', code: 'already-here', status: undefined })
    assertTruth(world, tab.app.state())
  }
})

test('whoever cancels after create leaves nothing at Dfns, and the new passkey is called off', async () => {
  const { world, tab, phone, first } = await worldWithPasskey()
  tab.app.startReplacing(first)
  tab.hands.device = world.keep(phone)
  await tab.app.create('Phone')
  await tab.app.cancel()
  expect(tab.app.state().notice).toEqual({ kind: 'done', what: 'not-registered' })
  expect(tab.hands.forgotten).toEqual([phone.held[0]?.passkey.credId])
  expect(world.credentials().length).toBe(1)
  assertTruth(world, tab.app.state())
})

test.each(['verify', 'deactivate'])(
  'whoever cancels at %s deactivates the new one with the old, or keeps both',
  async (at) => {
    for (const isKept of [true, false]) {
      const { world, tab, laptop, phone } = await worldWithPasskey()
      const people = { world, laptop, phone: world.keep(phone) }
      const isThere = () => {
        const { screen } = tab.app.state()
        return screen.name === 'replace' && screen.step === at
      }
      while (!isThere()) await press(tab, people)
      await tab.app.cancel()
      assertTruth(world, tab.app.state())
      tab.hands.device = laptop
      if (isKept) tab.app.keepBoth()
      else await tab.app.deactivateNew()
      assertTruth(world, tab.app.state())
      expect(world.credentials().map(({ isActive }) => isActive)).toEqual([true, isKept])
    }
  },
)

test.each([1, 2, 3, 4])(
  'a prompt that the person declines changes nothing, and can be had again: prompt %i',
  async (nth) => {
    const { world, tab, laptop, phone } = await worldWithPasskey()
    const people = { world, laptop, phone: world.keep(phone) }
    for (let presses = 0; presses < nth; presses += 1) await press(tab, people)
    const before = { step: stepOf(tab), active: world.credentials().map(({ isActive }) => isActive) }
    laptop.isWilling = phone.isWilling = false
    await press(tab, people)
    expect(tab.app.state().notice).toMatchObject({ code: 'prompt-ended' })
    expect({ step: stepOf(tab), active: world.credentials().map(({ isActive }) => isActive) }).toEqual(before)
    assertTruth(world, tab.app.state())
    laptop.isWilling = phone.isWilling = true
    await replaceIt(tab, people)
  },
)

function stepOf({ app }: Tab): string {
  const { screen } = app.state()
  return screen.name === 'replace' ? screen.step : screen.name
}

// Every pair of lost replies, and every pair of lost requests.
test.each(Array.from({ length: calls }, (_, nth) => nth))(
  'whichever two calls are lost, a passkey works all the time and the page says how it stands: call %i and another',
  async (nth) => {
    for (let other = nth + 1; other < nth + calls; other += 1) {
      for (const fault of ['lost-before', 'lost-after'] as const) {
        const { world, tab, laptop, phone } = await worldWithPasskey()
        world.keep(phone)
        const start = world.wire.calls.length
        world.wire.plan = ({ index }) =>
          index === start + nth || index === start + other ? fault : undefined
        await replaceIt(tab, { world, laptop, phone })
        expect(world.credentials()[0]?.isActive).toBe(false)
      }
    }
  },
)

test('a registration of which nothing is ever heard is called unclear, and looking later tells', async () => {
  const { world, tab, laptop, phone } = await worldWithPasskey()
  const people = { world, laptop, phone: world.keep(phone) }
  while (stepOf(tab) !== 'register') await press(tab, people)
  world.wire.plan = ({ operation }) => (operation === 'POST /auth/credentials' ? 'lost-before' : undefined)
  await press(tab, people)
  expect(tab.app.state()).toMatchObject({ screen: { isUnclear: true }, notice: { code: 'unclear' } })
  world.wire.plan = undefined
  await tab.app.cancel()
  expect(tab.app.state().notice).toMatchObject({ what: 'not-listed' })
  await replaceIt(tab, people)
})

test('a prompt that is open can be stopped, and a second press meanwhile does nothing', async () => {
  const { world, tab, laptop, phone } = await worldWithPasskey()
  const people = { world, laptop, phone: world.keep(phone) }
  while (tab.app.state().screen.name !== 'replace') await press(tab, people)
  const open = Promise.withResolvers<void>()
  tab.hands.until = open.promise
  const before = tab.hands.prompts.length
  tab.hands.device = phone
  const first = tab.app.create('Phone')
  const others = [tab.app.create('Phone'), tab.app.cancel(), tab.app.signOut(), tab.app.makeCode()]
  await Promise.all(others)
  await expect.poll(() => tab.hands.prompts.length).toBe(before + 1)
  tab.app.stop()
  await first
  expect(tab.app.state().notice).toMatchObject({ code: 'stopped' })
  expect(tab.app.state().screen).toMatchObject({ name: 'replace', step: 'create' })
  expect(tab.hands.prompts.length).toBe(before + 1)
  open.resolve()
})

test('two presses of each button at once do the work once', async () => {
  const { world, tab, laptop, phone } = await worldWithPasskey()
  const people = { world, laptop, phone: world.keep(phone) }
  while (world.credentials()[0]?.isActive) {
    await Promise.all([press(tab, people), press(tab, people)])
    assertTruth(world, tab.app.state())
  }
  expect(world.credentials().map(({ isActive }) => isActive)).toEqual([false, true])
  expect(phone.held.length).toBe(1)
})

test('two tabs that replace the same passkey leave one that works, whoever is faster', async () => {
  const { world, tab, laptop, phone } = await worldWithPasskey()
  const tablet = world.keep(newDevice('cross-platform'))
  const other = world.open({ device: laptop })
  const here = { world, laptop, phone: world.keep(phone) }
  const there = { world, laptop, phone: tablet }
  while (other.app.state().screen.name !== 'replace') await press(other, there)
  other.hands.device = tablet
  await other.app.create('Tablet')
  await replaceIt(tab, here)
  other.hands.device = laptop
  await other.app.register()
  expect(other.app.state().notice).toMatchObject({ kind: 'problem' })
  assertTruth(world, other.app.state())
})

test('the old passkey comes back at once by undo, signed by the new one', async () => {
  const { world, tab, laptop, phone } = await worldWithPasskey()
  await replaceIt(tab, { world, laptop, phone: world.keep(phone) })
  tab.hands.device = phone
  await tab.app.undo()
  expect(tab.app.state().notice).toEqual({ kind: 'done', what: 'undone', label: 'Laptop' })
  assertTruth(world, tab.app.state())
  expect(world.credentials().map(({ isActive }) => isActive)).toEqual([true, true])
})

test('the old passkey comes back days later from the list', async () => {
  const { world, tab, laptop, phone, first } = await worldWithPasskey()
  await replaceIt(tab, { world, laptop, phone: world.keep(phone) })
  await world.clock.advance(5 * 86_400_000)
  const later = world.open({ device: phone })
  await later.app.signIn(world.login)
  await later.app.activate(first)
  assertTruth(world, later.app.state())
  expect(world.credentials().map(({ isActive }) => isActive)).toEqual([true, true])
})

test('after the end of the session’s own passkey the page asks for the new one', async () => {
  const { world, tab, laptop, phone } = await worldWithPasskey()
  await replaceIt(tab, { world, laptop, phone: world.keep(phone) })
  await tab.app.finish()
  expect(tab.app.state()).toMatchObject({ screen: { name: 'sign-in' }, notice: { what: 'sign-in-with-new' } })
  expect(tab.app.state().account).toBeUndefined()
  tab.hands.device = phone
  await tab.app.signIn(world.login)
  assertTruth(world, tab.app.state())
})

test('a challenge that ran out sends the person back to create, and no further', async () => {
  const { world, tab, phone, laptop, first } = await worldWithPasskey({ sessionTtl: 3_600_000 })
  tab.app.startReplacing(first)
  tab.hands.device = world.keep(phone)
  await tab.app.create('Phone')
  await world.clock.advance(16 * 60_000)
  tab.hands.device = laptop
  await tab.app.register()
  expect(tab.app.state()).toMatchObject({ screen: { step: 'create' }, notice: { code: 'challenge-over' } })
  expect(tab.hands.forgotten.length).toBe(1)
  await replaceIt(tab, { world, laptop, phone })
})

test('a passkey that Dfns does not accept yet is verified a moment later', async () => {
  const { world, tab, laptop, phone } = await worldWithPasskey()
  world.dfns.setSwitches({ orgId: world.orgId, switches: { acceptanceLag: 1 } })
  const people = { world, laptop, phone: world.keep(phone) }
  while (stepOf(tab) !== 'verify') await press(tab, people)
  await press(tab, people)
  expect(tab.app.state()).toMatchObject({ screen: { step: 'verify' }, notice: { code: 'signature-refused' } })
  assertTruth(world, tab.app.state())
  await replaceIt(tab, people)
})

test.each(['register', 'deactivate'])('what awaits approval at %s is not asked for again', async (at) => {
  const { world, tab, laptop, phone } = await worldWithPasskey()
  const people = { world, laptop, phone: world.keep(phone) }
  while (stepOf(tab) !== at) await press(tab, people)
  const path = at === 'register' ? 'POST /auth/credentials' : 'PUT /auth/credentials/deactivate'
  world.wire.plan = ({ operation }) => (operation === path ? broken(202, '{}') : undefined)
  await press(tab, people)
  expect(tab.app.state()).toMatchObject({
    screen: { name: 'passkeys' },
    notice: { code: 'awaiting-approval' },
  })
  expect(tab.hands.forgotten).toEqual([])
})

test('a session that ended asks to sign in again, and the replacement goes on', async () => {
  const { world, tab, phone, laptop } = await worldWithPasskey()
  const people = { world, laptop, phone: world.keep(phone) }
  while (world.credentials().length < 2) await press(tab, people)
  await world.clock.advance(3 * 3_600_000)
  await press(tab, people)
  expect(tab.app.state()).toMatchObject({ screen: { name: 'sign-in' }, notice: { what: 'session-over' } })
  await replaceIt(tab, people)
})

test('a deactivated account is told so at every step, and nothing changes', async () => {
  const { world, tab, phone, laptop } = await worldWithPasskey()
  const people = { world, laptop, phone: world.keep(phone) }
  for (let presses = 0; presses < 5; presses += 1) {
    if (tab.app.state().screen.name === 'passkeys') await press(tab, people)
    const before = world.credentials().map(({ isActive }) => isActive)
    world.dfns.setIdentityActive({ ...world.person, isActive: false })
    await press(tab, people)
    expect(tab.app.state().notice).toEqual({ kind: 'problem', code: 'account-deactivated', status: 400 })
    expect(world.credentials().map(({ isActive }) => isActive)).toEqual(before)
    world.dfns.setIdentityActive({ ...world.person, isActive: true })
    await tab.app.refresh()
    await press(tab, people)
    assertTruth(world, tab.app.state())
    const { screen } = tab.app.state()
    if (screen.name === 'replace' && screen.step === 'done') return
  }
  throw new Error('the replacement never ended')
})
