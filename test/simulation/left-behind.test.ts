import { expect, test } from 'vitest'
import { run, scenarios } from './matrix.ts'

// What was asked for in parallel goes on when one of it has failed and the invocation has ended with that. Lambda would
// freeze it; here it may outlive its world.
test('what an invocation left under way is no call of a later world', { timeout: 60_000 }, async () => {
  const scenario = scenarios.find(
    ({ name }) => name === 'grace PT0S, adopted first credential, duplicate ids allowed',
  )
  if (scenario === undefined) throw new Error('there is no such world')
  const calm = { scenario, trouble: { fault: 'none' } } as const
  await run(calm)
  const { calls } = await run(calm)
  for (let call = calls.length - 12; call < calls.length; call++) {
    await run({ scenario, trouble: { fault: 'throttled', call } })
    expect((await run(calm)).calls).toEqual(calls)
  }
})
