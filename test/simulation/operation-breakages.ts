import type { Breakage } from './breakage.ts'
import { race, type Racer } from './interleaving.ts'
import type { OperationName } from './invocation.ts'
import { operationCases, runOperation } from './operation-matrix.ts'
import { cancel, rotate } from './racers.ts'
import {
  deactivated,
  held,
  openSetting,
  operate,
  problemsOf,
  rotatedSetting,
  type Setting,
  stateOf,
} from './setting.ts'

/** What is found as a command runs, without any fault. */
const running =
  (name: string): Breakage['probe'] =>
  async (lambdas) => {
    const of = operationCases.find((one) => one.name === name)
    if (of === undefined) throw new Error(`there is no case ${name}`)
    return (await runOperation({ of, lambdas })).problems
  }

/** Whether a command that AWSCURRENT is not accepted for changes anything. */
const refused =
  (operation: OperationName): Breakage['probe'] =>
  async (lambdas) => {
    const setting = await rotatedSetting({ kind: 'signed token', ...(lambdas && { lambdas }) })
    deactivated(setting, held(setting, 'AWSCURRENT'))
    const before = JSON.stringify(stateOf(setting))
    await operate(setting, operation)
    setting.world.close()
    return JSON.stringify(stateOf(setting)) === before ? [] : ['something was changed']
  }

const abandoning: Racer = {
  name: 'abandon',
  phases: ['abandon'],
  start: (setting: Setting) => operate(setting, 'abandon', { versionId: held(setting, 'AWSPENDING') }),
}

/**
 * A rotation that stands before a call of its own, while an abandon goes on to any call up to its last
 * look. */
const racing =
  (call: string, look: string): Breakage['probe'] =>
  async (lambdas) => {
    const open = () => openSetting(lambdas && { lambdas })
    const calm = await race({ setting: await open(), racers: [rotate, cancel] })
    const at = calm.calls[0].indexOf(call)
    const racers = [rotate, abandoning] as const
    const whole = await race({ setting: await open(), racers, interleaving: { at } })
    const problems: string[] = []
    const last = whole.calls[1].lastIndexOf(look)
    for (let until = 1; until <= last; until++) {
      const setting = await open()
      await race({ setting, racers, interleaving: { at, until } })
      const wrong = problemsOf(setting).filter((problem) => isWrong.test(problem))
      problems.push(...wrong)
      setting.world.close()
    }
    return problems
  }

/** For a moment AWSCURRENT may be refused: until what an abandon did to it is undone. */
const isWrong = /^AWSCURRENT is refused|abandon succeeded/

/** Mistakes that somebody could make in the commands. */
export const operationBreakages: readonly Breakage[] = [
  {
    name: 'leave AWSPENDING on what a rollback goes back from',
    patches: [
      {
        file: 'operations/rollback.ts',
        find: "if (secret.stages.get(from)?.includes('AWSPENDING') === true)",
        replace: 'if (from === to)',
      },
    ],
    probe: running('rollback, ServiceAccountKey'),
    caughtBy: /AWSCURRENT is not where the rollback put it/,
  },
  {
    name: 'go back before the old generation is proved',
    patches: [
      {
        file: 'operations/rollback.ts',
        find: '  await accepted({ ...going, isAgain: false })\n',
        replace: '',
      },
    ],
    probe: running('rollback to what was retired, ServiceAccountKey'),
    caughtBy: /AWSCURRENT authenticates/,
  },
  {
    name: 'go back and schedule nothing',
    patches: [
      {
        file: 'operations/rollback.ts',
        find: '  await scheduleSuperseded(of)\n',
        replace: '  void scheduleSuperseded\n',
      },
    ],
    probe: running('rollback, ServiceAccountKey'),
    caughtBy: /outlives its grace/,
  },
  {
    name: 'leave the schedule of what is current again',
    patches: [
      { file: 'operations/rollback.ts', find: '  await callOff(going)\n', replace: '  void callOff\n' },
    ],
    probe: running('rollback, ServiceAccountKey'),
    caughtBy: /dead letter/,
  },
  {
    name: 'activate what no schedule and no label names',
    patches: [
      {
        file: 'operations/reactivation.ts',
        find: 'const net = isAgain ? undefined : await scheduleAsNet(',
        replace: 'const net = isAgain || !isAgain ? undefined : await scheduleAsNet(',
      },
    ],
    probe: running('rollback to what was retired, ServiceAccountKey'),
    caughtBy: /every active credential of ours is named/,
  },
  {
    name: 'deactivate what an abandon finds before the labels are looked at',
    secondLine: 'the looks of retire, before the deactivation and after it',
    patches: [
      {
        file: 'operations/retire-found.ts',
        find: '  return retireSuperseded({ ...operation, event })\n',
        replace: `  void event && void retireSuperseded
  const { id, what } = found
  const planned = { current: current.document, superseded: { id, what, on: id } }
  await (await current.credential.deactivate(planned)).perform()
  return 'retired'\n`,
      },
      {
        file: 'operations/retire-found.ts',
        find: 'export function retireFound',
        replace: 'export async function retireFound',
      },
      {
        file: 'operations/abandon.ts',
        find: '  assertNotCurrent({ secret: await operation.store.describeSecret(), versionId })\n',
        replace: '',
      },
    ],
    probe: racing('finishSecret UpdateSecretVersionStage', 'abandon PUT /auth/credentials/deactivate'),
    caughtBy: /AWSCURRENT is refused/,
  },
  {
    name: 'look at Dfns before a step under way has registered its key',
    patches: [
      {
        file: 'operations/abandon.ts',
        find: '  assertComplete(await lookAround(operation))\n',
        replace: '  const early = await lookAround(operation)\n',
      },
      {
        file: 'operations/abandon.ts',
        find: '  const view = await lookAround(operation)\n',
        replace: '  const view = early\n',
      },
    ],
    probe: racing('setSecret POST /auth/credentials', 'abandon DescribeSecret'),
    caughtBy: /abandon succeeded, and .* is active/,
  },
  {
    name: 'retire at once without a proof of AWSCURRENT',
    secondLine:
      'that nothing is retired for a key that is listed as deactivated, nor for one that is not proved where a signer signs',
    patches: [
      {
        file: 'credentials/deactivation.ts',
        find: '      if (document.id !== current.id && under.some(({ isActive }) => isActive)) await prove()\n',
        replace: '',
      },
      {
        file: 'credentials/deactivation.ts',
        find: '  assertNotDeactivated({ current, all })\n',
        replace: '  void assertNotDeactivated\n',
      },
      {
        file: 'operations/operation.ts',
        find: '  if (refusal === undefined) return view\n',
        replace: "  if (refusal?.code !== 'ERR_STORE') return view\n",
      },
    ],
    probe: refused('retireAtOnce'),
    caughtBy: /something was changed/,
  },
  {
    name: 'turn rotation off before AWSCURRENT is proved',
    patches: [
      {
        file: 'operations/decommission.ts',
        find: '  assertComplete(await lookAround(first))\n',
        replace: '',
      },
    ],
    probe: refused('decommission'),
    caughtBy: /something was changed/,
  },
  {
    name: 'let a secret go before its rotation is given up',
    patches: [
      {
        file: 'operations/decommission.ts',
        find: '  if (versionId !== undefined) await abandon({ ...opening, versionId })\n',
        replace: '  void versionId && void abandon\n',
      },
    ],
    probe: running('decommission, ServiceAccountKey'),
    caughtBy: /AWSPENDING on .* is left/,
  },
]
