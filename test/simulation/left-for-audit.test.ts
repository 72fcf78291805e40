// First: whatever draws at random has to draw from the seed.
import './seeded-crypto.ts'
import { expect, test } from 'vitest'
import { otherKinds, run, type Strike } from './matrix.ts'
import type { Simulation } from './world.ts'

/** Found by the exploration of every pair: the second of two createSecret fails behind the webhook that it made. */
const trouble = {
  fault: 'two',
  first: { fault: 'overtaken', call: 11 },
  second: { fault: 'refused', call: 29 },
} as const

/** The world in which an object was made whose reply was lost, and could not be removed; all is well in the end. */
async function leftBy(of: { name: string; first: Strike; second: Strike }): Promise<Simulation> {
  const { name, first, second } = of
  const scenario = otherKinds.find((one) => one.name === name)
  if (scenario === undefined) throw new Error('there is no such world')
  let world: Simulation | undefined
  const atEnd = (at: Simulation) => void (world = at)
  const { struck, problems } = await run({ scenario, trouble: { fault: 'two', first, second }, atEnd })
  expect(struck.map(({ phase }) => phase)).toEqual(['createSecret', 'setSecret'])
  expect(problems).toEqual([])
  if (world === undefined) throw new Error('the run has no end')
  return world
}

/** The first of two accounts has no holder, because the reply that told its token was lost; its removal is struck. */
const removals = [
  [
    { fault: 'reply lost', call: 21 },
    { fault: 'refused', call: 66 },
  ],
  [
    { fault: 'reply lost again', call: 22 },
    { fault: 'timed out again', call: 76 },
  ],
  [
    { fault: 'reply lost again', call: 25 },
    { fault: 'throttled again', call: 86 },
  ],
] as const

test.each(removals)(
  'an account whose reply was lost (%o) and whose removal fails (%o) is found by the next audit',
  async (first, second) => {
    const world = await leftBy({ name: 'replaced account, grace PT24H', first, second })
    const active = world.dfns
      .identities({ orgId: world.orgId })
      .filter((one) => one.kind === 'ServiceAccount' && one.isActive)
    // AWSCURRENT's, a person's, and another secret's.
    expect(active).toHaveLength(3)
  },
)

const removalsOfTokens = [
  [
    { fault: 'reply lost', call: 16 },
    { fault: 'refused', call: 68 },
  ],
  [
    { fault: 'reply lost again', call: 28 },
    { fault: 'timed out again', call: 96 },
  ],
] as const

test.each(removalsOfTokens)(
  'a token whose reply was lost (%o) and whose removal fails (%o) is found by the next audit, and no key outlives its token',
  async (first, second) => {
    const world = await leftBy({ name: 'replaced token, grace PT24H', first, second })
    const touched = world.findings.filter(({ invariant }) => invariant === 'nothing foreign is touched')
    expect(touched).toEqual([])
    const { credentials, tokens } = world.dfns.state
    const ended = [...credentials.values()].filter(({ isActive }) => !isActive)
    // That of the first one, which a version names; that of the other attempt no version does.
    expect(ended.map(({ patId }) => tokens.get(patId ?? '')?.isActive)).toEqual([false])
  },
)

const webhooks = ({ dfns, orgId }: Simulation) => dfns.webhooks({ orgId }).map(({ status }) => status)

test('a webhook that two attempts left and no list showed in time stays Disabled, and the next audit finds it', async () => {
  const scenario = otherKinds.find(({ name }) => name === 'webhook, grace PT26H')
  if (scenario === undefined) throw new Error('there is no such world')
  let before: readonly string[] = []
  let world: Simulation | undefined
  const { struck, problems } = await run({
    scenario,
    trouble,
    atEnd: (of) => {
      world = of
      before = webhooks(of)
    },
  })
  expect(struck.map(({ operation }) => operation.replace(/wh-.*/, 'ID'))).toEqual([
    'GET /webhooks/ID',
    'PutSecretValue',
  ])
  // Its own, another secret's, and the one that was left.
  expect(before.toSorted()).toEqual(['Disabled', 'Enabled', 'Enabled'])
  expect(problems).toEqual([])
  expect(world && webhooks(world)).toEqual(['Enabled', 'Enabled'])
})
