import type { Breakage } from './breakage.ts'
import type { Lambdas } from './lambdas.ts'
import {
  busyReceiver,
  dyingTokens,
  type Edit,
  foreignSigner,
  otherKinds,
  type Outcome,
  run,
  type Scenario,
  scenarios,
  singles,
  type Trouble,
} from './matrix.ts'
import { operationBreakages } from './operation-breakages.ts'

/** The part of the matrix that has to find it. */
interface Share {
  readonly scenario: Scenario
  readonly troubles: (calm: Outcome) => readonly Trouble[]
}

const scenario = (name: string): Scenario => {
  const found = [...scenarios, ...dyingTokens, ...otherKinds].find((one) => one.name.includes(name))
  if (found === undefined) throw new Error(`there is no scenario ${name}`)
  return found
}

const none = (): Trouble[] => [{ fault: 'none' }]

/** The single faults of one sort, at the calls whose phase and operation match. */
const strikes = (fault: string, at: RegExp) => (calm: Outcome) =>
  singles(calm).filter(
    (trouble) => trouble.fault === fault && 'call' in trouble && at.test(calm.calls[trouble.call] ?? ''),
  )

const editsBefore =
  (how: Edit, at: RegExp) =>
  ({ calls }: Outcome) =>
    calls.flatMap((name, call): Trouble[] => (at.test(name) ? [{ fault: 'edited', how, call }] : []))

/**
 * A twin overtakes the put of a successor and is killed about when it would put its own: what is stored then is the first
 * one's. How many calls the twin makes until then is the code's to say.
 */
function twinKilled({ calls }: Outcome): Trouble[] {
  const put = calls.findIndex((call) => call === 'createSecret PutSecretValue')
  const before = calls.slice(0, put).filter((call) => call.startsWith('createSecret')).length
  return Array.from(
    { length: 10 },
    (_, late): Trouble => ({
      fault: 'two',
      first: { fault: 'overtaken', call: put },
      second: { fault: 'killed before', call: put + before + late - 1 },
    }),
  )
}

/** From any call of a phase on Dfns allows what it refused when createSecret decided. */
const allowedBefore =
  (at: RegExp) =>
  ({ calls }: Outcome) =>
    calls.flatMap((name, call): Trouble[] => (at.test(name) ? [{ fault: 'allowed', call }] : []))

const inRotations: readonly (Omit<Breakage, 'probe'> & Share)[] = [
  {
    name: 'deactivate before the label moves',
    patches: [
      {
        file: 'rotation/promotion.ts',
        find: '  const move = () => moveCurrent({ rotation, from: current.version.versionId })\n',
        replace: `  await (await credential.deactivate({ current: document, superseded: current.document })).perform()
  const move = () => moveCurrent({ rotation, from: current.version.versionId })\n`,
      },
    ],
    scenario: scenario('grace PT0S, own'),
    troubles: none,
    caughtBy: /AWSCURRENT authenticates/,
  },
  {
    name: 'write the schedule after the move',
    patches: [
      {
        file: 'rotation/grace.ts',
        find: `  await scheduleRetirement({ ...supersession, from: latest })
  await move()\n`,
        replace: `  await move()
  await scheduleRetirement({ ...supersession, from: latest })\n`,
      },
    ],
    scenario: scenario('grace PT24H, own'),
    troubles: strikes('killed after', /UpdateSecretVersionStage/),
    caughtBy: /outlives its grace/,
  },
  {
    name: 'make a new key on a retry under the same token',
    secondLine: 'a version is immutable, and its refusal of another value is not taken for an error',
    patches: [
      {
        file: 'rotation/phases.ts',
        find: "  if (await rotation.hasPending()) return log.info('AWSPENDING has a value already, which is kept')\n",
        replace: '',
      },
      {
        file: 'ports/secrets-manager.ts',
        find: "    if (awsErrorName(error) === 'ResourceExistsException') return 'taken'\n",
        replace: '',
      },
    ],
    scenario: scenario('grace PT24H, own'),
    troubles: strikes('killed before', /^setSecret POST .auth.credentials$/),
    caughtBy: /AWSPENDING on .* is left/,
  },
  {
    name: 'return early where the version is AWSCURRENT already',
    secondLine: 'the schedule five minutes later, under the immediate deactivation of grace 0',
    patches: [
      {
        file: 'rotation/phases.ts',
        find: "if (rotation.standing === 'promoted' && step !== 'finishSecret') {",
        replace: "if (rotation.standing === 'promoted') {",
      },
      {
        file: 'rotation/grace.ts',
        find: '  const at = new Date(from + scheduledAfter(grace))\n',
        replace: '  if (grace === 0) return\n  const at = new Date(from + scheduledAfter(grace))\n',
      },
    ],
    scenario: scenario('grace PT0S, adopted'),
    troubles: strikes('killed after', /UpdateSecretVersionStage/),
    caughtBy: /outlives its grace/,
  },
  {
    name: 'compare versions instead of credential ids before a retirement',
    secondLine:
      'that nobody deactivates the key that signs, and that Dfns refuses it, a switch that the edits turn off',
    patches: [
      {
        file: 'credentials/deactivation.ts',
        find: '  if (document.id === id) {\n',
        replace: '  if (document !== current && document.id === id) {\n',
      },
      {
        file: 'rotation/retirement.ts',
        find: 'labelled.some((version) => version !== undefined && names({ version, superseded }))',
        replace: "labelled.some((version) => superseded.on.split(' ').includes(version?.versionId ?? ''))",
      },
      {
        file: 'rotation/retirement.ts',
        find: 'function names(',
        replace: 'export function names(',
      },
    ],
    scenario: scenario('grace PT24H, adopted'),
    troubles: editsBefore('copied back', /^retire DescribeSecret/),
    caughtBy: /AWSCURRENT is refused/,
  },
  {
    name: 'move AWSCURRENT without comparing the documents',
    secondLine: 'that a value which was put after the rotation began is not replaced, whatever it says',
    patches: [
      {
        file: 'rotation/promotion.ts',
        find: '  credential.assertFollows({ current: current.document, pending: document })\n',
        replace: '',
      },
      {
        file: 'rotation/promotion.ts',
        find: '  assertNotReplaced({ rotation, current, pending })\n',
        replace: '',
      },
      {
        file: 'rotation/promotion.ts',
        find: 'function assertNotReplaced(',
        replace: 'export function assertNotReplaced(',
      },
    ],
    scenario: scenario('grace PT24H, own'),
    troubles: editsBefore('emergency', /^testSecret DescribeSecret/),
    caughtBy: /value is not overwritten/,
  },
  {
    name: 'repeat a create of which nobody knows whether it was carried out',
    secondLine: 'a last look at who may sign, which a list that lags may pass anyway',
    patches: [
      {
        file: 'credentials/registration.ts',
        find: '    if (!(await isRegistered({ dfns: manager.dfns, pending, means }))) await manager.explain(error)\n',
        replace: `    const again = await manager.dfns.createCredentialChallenge()
    await create({ ...registration, manager, opened: again, approvals }).catch(() => manager.explain(error))\n`,
      },
      {
        file: 'credentials/registration.ts',
        find: 'createCredential(request, assertUnknown(pending))',
        replace: 'createCredential(request, () => void assertUnknown(pending))',
      },
      {
        file: 'credentials/registration.ts',
        find: 'async function isRegistered(',
        replace: 'export async function isRegistered(',
      },
    ],
    scenario: scenario('grace PT24H, own first credential, duplicate ids allowed'),
    troubles: strikes('reply lost', /^setSecret POST .auth.credentials$/),
    caughtBy: /registered more than once/,
  },
  {
    name: 'retire without the second proof',
    patches: [
      {
        file: 'rotation/retirement.ts',
        find: '    await proven(deactivation)\n',
        replace: '    void proven\n',
      },
    ],
    scenario: scenario('grace PT24H, the token dies'),
    troubles: none,
    caughtBy: /AWSCURRENT is refused: its token died/,
  },
  {
    name: 'retire without looking at the labels again',
    secondLine: 'that AWSPREVIOUS is removed from its holder only, and a look where it was not',
    patches: [
      {
        file: 'rotation/retirement.ts',
        find: '    if (await looking) throw refusal(retirement)\n',
        replace: '    await looking\n',
      },
      {
        file: 'rotation/retirement.ts',
        find: '  if (await isNamed(retirement)) throw refusal(retirement)\n}',
        replace: '}',
      },
    ],
    scenario: scenario('grace PT24H, adopted'),
    troubles: editsBefore('rolled back', /^retire POST .auth.action$/),
    caughtBy: /AWSCURRENT is refused/,
  },
  {
    name: 'give a retirement up where Dfns is away',
    secondLine: "Lambda's own two retries, which are over after three minutes",
    patches: [
      {
        file: 'rotation/retiring.ts',
        find: '    if (!(error instanceof RotationError) || !error.retryable) throw error\n    await postpone({ opening, error })\n',
        replace: '    void postpone\n    if (!(error instanceof RotationError)) throw error\n',
      },
    ],
    scenario: scenario('grace PT24H, own'),
    troubles: strikes('timed out again', /^retire GET .auth.credentials/),
    caughtBy: /without a schedule/,
  },
  {
    name: 'deactivate every credential of the account but its own',
    patches: [
      {
        file: 'credentials/deactivation.ts',
        find: 'credentialId === id)',
        replace: 'credentialId !== current.id)',
      },
    ],
    scenario: scenario('grace PT24H, adopted'),
    troubles: none,
    caughtBy: /nothing foreign is touched/,
  },
  {
    name: 'print the RotationToken',
    patches: [
      {
        file: 'rotation/phases.ts',
        find: '  const { store, log, lineage, rotationToken } = rotation\n',
        replace:
          "  const { store, log, lineage, rotationToken } = rotation\n  log.info('begins', { rotationToken })\n",
      },
    ],
    scenario: scenario('grace PT24H, adopted'),
    troubles: none,
    caughtBy: /no secret in a log line/,
  },
  {
    name: 'remove what another attempt has just made',
    patches: [
      {
        file: 'credentials/webhook-creation.ts',
        find: 'const old = strays.filter((stray) => !isYoung(stray))',
        replace: 'const old = strays',
      },
    ],
    scenario: scenario('webhook, grace PT26H'),
    troubles: twinKilled,
    caughtBy: /AWSPENDING on .* is left/,
  },
  {
    name: "let another user than a token's own sign for it",
    secondLine: "the questions before it: AWSCURRENT's key is not in the list of that user's keys",
    patches: [
      {
        file: 'credentials/signer.ts',
        find: 'if (userId === undefined || userId !== generation.userId) {',
        replace: 'if (userId === undefined) {',
      },
      {
        file: 'rotation/phases.ts',
        find: '  await demand({ rotation, current })\n',
        replace: '  void demand\n',
      },
    ],
    scenario: foreignSigner,
    troubles: none,
    caughtBy: /nothing foreign is touched: credential created/,
  },
  {
    name: 'wait for deliveries that the new webhook makes, too',
    patches: [
      {
        file: 'credentials/webhook-drain.ts',
        find: 'if (date < enabled && nextAttemptDate > now - hourMs)',
        replace: 'if (date > 0 && nextAttemptDate > now - hourMs)',
      },
    ],
    scenario: busyReceiver,
    troubles: none,
    caughtBy: /nothing of ours outlives its grace by a day/,
  },
  {
    name: 'deactivate the first of two credentials of one id',
    patches: [
      {
        file: 'credentials/deactivation.ts',
        find: 'credentialId === id)',
        replace: 'credentialId === id).slice(0, 1)',
      },
    ],
    scenario: scenario('grace PT24H, own first credential, duplicate ids allowed'),
    troubles: strikes('overtaken', /^setSecret POST .auth.credentials$/),
    caughtBy: /superseded .* is active/,
  },
  {
    name: 'ask again whether to replace, after createSecret has decided it',
    patches: [
      {
        file: 'credentials/replaceable-kind.ts',
        find: '      if (!isReplacement({ current, pending })) return key.register(rotation)\n',
        replace: `      const { strategy } = await chooseStrategy({ current, means })
      if (strategy !== 'replace') return key.register(rotation)\n`,
      },
    ],
    scenario: scenario('replaced account, grace PT24H'),
    troubles: allowedBefore(/^setSecret DescribeSecret$/),
    caughtBy: /AWSPENDING on .* is left/,
  },
]

/** The problems in a breakage's share of the matrix. */
async function problemsIn({ scenario, troubles }: Share, lambdas?: Lambdas): Promise<string[]> {
  await run({ scenario, trouble: { fault: 'none' }, lambdas })
  const calm = await run({ scenario, trouble: { fault: 'none' }, lambdas })
  const chosen = troubles(calm)
  if (chosen.length === 0) throw new Error(`no call of ${scenario.name} is one that the breakage needs`)
  const problems: string[] = []
  for (const trouble of chosen) problems.push(...(await run({ scenario, trouble, lambdas })).problems)
  return problems
}

export const breakages: readonly Breakage[] = [
  ...inRotations.map(({ scenario: of, troubles, ...rest }) => ({
    ...rest,
    probe: (lambdas?: Lambdas) => problemsIn({ scenario: of, troubles }, lambdas),
  })),
  ...operationBreakages,
]
