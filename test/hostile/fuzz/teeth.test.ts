import { expect, test } from 'vitest'
import { type Breakage, tryOut } from '../../simulation/breakage.ts'
import type { Lambdas } from '../../simulation/lambdas.ts'
import { families } from './families.ts'
import { live } from './lives.ts'

/** What a family finds with broken code; with the code as it is the ordinary test tells. */
const found =
  (name: string, runs: number): Breakage['probe'] =>
  async (lambdas) => {
    const family = families.find((one) => one.name === name)
    if (lambdas === undefined || family === undefined) return []
    return (await family.run({ seed: 1, runs, lambdas })).failures
  }

/** An audit of a webhook's secret, to which some list has no last page. */
async function endlessLists(lambdas?: Lambdas): Promise<readonly string[]> {
  const endless = { after: 0, mangling: { what: 'pages' }, isInstead: false, lasts: true } as const
  const strikes = [endless]
  const of = { kind: 'webhook', act: 'audit', first: 'own', isSudden: false, to: 'dfns', strikes } as const
  const { problems } = await live(of, lambdas)
  return problems.map(({ sort, text }) => `${sort}: ${text}`)
}

const breakages: readonly Breakage[] = [
  {
    name: "use a reply of Dfns's without a look at its fields",
    patches: [
      {
        file: 'ports/dfns-replies.ts',
        find: '  if (success) return output\n',
        replace: '  if (success || reply !== undefined) return reply as typeof output\n',
      },
    ],
    probe: found('replies of Dfns', 20),
    caughtBy: / crash: /,
  },
  {
    name: "use a reply of AWS's without a look at its fields",
    patches: [
      {
        file: 'ports/aws-replies.ts',
        find: '    if (success) return output\n',
        replace: '    if (success || reply !== undefined) return reply as typeof output\n',
      },
    ],
    probe: found('replies of AWS', 20),
    caughtBy: / crash: /,
  },
  {
    name: "tell the text of Dfns's error",
    patches: [
      {
        file: 'ports/dfns-transport.ts',
        find: '    await response.body?.cancel()\n',
        replace: `    const problem = await boundedText({ response, endpoint })
    throw new DfnsFailure('ERR_DFNS_RESPONSE', problem, { endpoint, status: response.status, retryable: false })\n`,
      },
    ],
    probe: found('replies of Dfns', 20),
    caughtBy: / leak: .*token or user action/,
  },
  {
    name: 'tell what stands in a field',
    patches: [
      {
        file: 'credentials/document.ts',
        find: "  const places = placesOf(issues, 'document')\n",
        replace:
          "  const places = JSON.stringify(issues.map(({ input }) => input)) + placesOf(issues, 'document')\n",
      },
    ],
    probe: found('documents', 20),
    caughtBy: / leak: /,
  },
  {
    name: 'print the RotationToken of an event that is refused',
    patches: [
      {
        file: 'rotation/event.ts',
        find: "  const places = placesOf(issues, 'event')\n",
        replace: "  const places = JSON.stringify(input) + placesOf(issues, 'event')\n",
      },
    ],
    probe: found('events', 10),
    caughtBy: / leak: /,
  },
  {
    name: 'follow a redirect',
    patches: [{ file: 'ports/dfns-transport.ts', find: "redirect: 'manual'", replace: "redirect: 'follow'" }],
    probe: found('replies of Dfns', 20),
    caughtBy: / foreign host: /,
  },
  {
    name: 'send a token wherever a document says',
    patches: [
      {
        file: 'credentials/base-url.ts',
        find: 'address.allowed.some((one) => originOf(one) === origin)',
        replace: 'address.allowed.length > 0',
      },
    ],
    probe: found('documents', 20),
    caughtBy: / foreign host: /,
  },
  {
    name: 'follow pages without an end',
    patches: [
      { file: 'ports/pages.ts', find: '    if (next === token) break\n', replace: '' },
      { file: 'ports/pages.ts', find: 'count < list.most', replace: 'count < 1e9' },
    ],
    probe: endlessLists,
    caughtBy: /unbounded: audit made/,
  },
  {
    name: 'believe that a key was registered, without a proof',
    patches: [
      {
        file: 'rotation/promotion.ts',
        find: '  await credential.verify({ generation: document, as: current.document, fresh: true, again: true })\n',
        replace: '',
      },
      {
        file: 'rotation/phases.ts',
        find: '  await credential.verify({ generation: pending, as: current.document, fresh: !isTestRotation })\n',
        replace: '  void credential\n',
      },
    ],
    probe: found('lies of Dfns', 40),
    caughtBy: / state: AWSCURRENT authenticates/,
  },
]

// Ten thousand inputs that find nothing are worth what they would have found.
test.each(breakages)('hostile input finds it when the functions $name', { timeout: 300_000 }, async (one) => {
  const { broken } = await tryOut(one)
  expect(broken.join('\n')).toMatch(one.caughtBy)
})
