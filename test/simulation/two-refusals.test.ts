// First: whatever draws at random has to draw from the seed.
import './seeded-crypto.ts'
import { describe, expect, test } from 'vitest'
import { otherKinds, run, scenarios, type Trouble } from './matrix.ts'
import type { Simulation } from './world.ts'

const own = 'grace PT0S, adopted first credential, duplicate ids refused'
const refused = (call: number) => ({ fault: 'refused', call }) as const

/** How a schedule of that world ends, told by what somebody finds who is alarmed. */
async function endOf(trouble: Trouble, name = own) {
  const scenario = [...scenarios, ...otherKinds].find((one) => one.name === name)
  if (scenario === undefined) throw new Error(`there is no world ${name}`)
  let seen: { readonly labels: readonly string[]; readonly letters: readonly string[] } | undefined
  const { problems, struck } = await run({ scenario, trouble, atEnd: (world) => void (seen = seenIn(world)) })
  return { problems, struck: struck.map(({ phase, operation }) => `${phase} ${operation}`), ...seen }
}

function seenIn({ vault, queues, deadLetterArn }: Simulation) {
  const versions = [...vault.list()].flatMap(({ versions: all }) => [...all.values()])
  const labels = versions.flatMap((version) => [...version.labels])
  return { labels, letters: queues.messages(deadLetterArn).map(({ body }) => body) }
}

describe('the proof after a deactivation', () => {
  test('that is refused once is asked again, and the retirement stands', async () => {
    const { problems, labels, letters } = await endOf(refused(47))
    expect([problems, letters]).toEqual([[], []])
    expect(labels).toEqual(['AWSCURRENT'])
  })

  // Found by the exploration of every pair.
  test('that is refused twice in a row is believed: the retirement is undone, remembered and told', async () => {
    const { problems, labels, letters } = await endOf({
      fault: 'two',
      first: refused(47),
      second: refused(48),
    })
    expect(problems).toEqual([])
    expect(labels).toContainEqual(expect.stringMatching(/^dfns-retire-undone-/))
    expect(letters).toEqual([expect.stringContaining('ERR_RETIRE_UNDONE')])
  })

  // Found by the exploration of every pair: the list, and then the question what its refusal means.
  test.each([
    [own, 46, 48],
    ['UserKey, grace PT24H', 65, 68],
    ['UserKey, grace PT0S', 57, 60],
  ] as const)('%s: that held, is not doubted because a list is refused', async (name, call, next) => {
    const trouble = { fault: 'two', first: refused(call), second: refused(next) } as const
    const { problems, struck, labels, letters } = await endOf(trouble, name)
    expect(struck).toEqual([
      expect.stringContaining('GET /auth/credentials'),
      expect.stringContaining('POST /auth/action/init'),
    ])
    expect([problems, letters]).toEqual([[], []])
    expect(labels).toEqual(['AWSCURRENT'])
  })
})
