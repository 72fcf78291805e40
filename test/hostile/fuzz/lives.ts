import type { Lambdas } from '../../simulation/lambdas.ts'
import type { SimulatedKind } from '../../simulation/secrets.ts'
import { held, hourMs, openSetting, rotatedSetting, type Setting, stick } from '../../simulation/setting.ts'
import { type Tried, tryIn } from './scenes.ts'
import { beHostile, type Strike } from './strikes.ts'

export const acts = [
  'rotation',
  'retirement',
  'audit',
  'rollback',
  'abandon',
  'retireAtOnce',
  'decommission',
] as const

type Command = Exclude<(typeof acts)[number], 'rotation' | 'retirement' | 'audit'>

/** A world, what is done in it, and every reply that is mangled meanwhile. */
export interface Life {
  readonly kind: SimulatedKind
  readonly act: (typeof acts)[number]
  readonly first: 'adopted' | 'own'
  /** A grace of nothing: the rotation retires by itself. */
  readonly isSudden: boolean
  readonly to: 'dfns' | 'aws'
  readonly strikes: readonly Strike[]
}

/** Lives through it, and through the time after it, when every service answers as it does. */
export function live(life: Life, lambdas?: Lambdas): Promise<Tried> {
  const { act, to, strikes } = life
  return tryIn({
    open: () => openLife(life, lambdas),
    repeated: act === 'retireAtOnce' || act === 'decommission' ? act : undefined,
    hostile: async (scene) => {
      const { world, pool } = scene
      const hostility = beHostile({ world, to, strikes, pool: [...pool.ids, ...pool.tokens] })
      await perform(scene, life)
      hostility.stop()
      return hostility.struck.length
    },
  })
}

async function openLife(life: Life, lambdas: Lambdas | undefined): Promise<Setting> {
  const { kind, act, first, isSudden, to } = life
  const grace = isSudden ? { default: 'PT0S', adopted: 'PT0S' } : { default: 'PT24H', adopted: 'PT24H' }
  const through = to === 'aws' ? ('sdk' as const) : ('direct' as const)
  const options = { kind, first, through, ...(lambdas && { lambdas }) }
  if (act === 'rotation') return openSetting({ ...options, grace })
  if (act !== 'abandon') return rotatedSetting(options)
  const setting = await openSetting(options)
  await stick(setting, 'testSecret')
  return setting
}

/** Does what the life is about, a command as often as there may be a mangled reply to it. */
async function perform(setting: Setting, life: Life): Promise<void> {
  const { world, arn } = setting
  const { act, strikes } = life
  if (act === 'rotation') {
    await world.rotateNow(arn)
    return world.advance(3 * hourMs)
  }
  // What is not retired by itself by then is retired by hand, in time.
  if (act === 'retirement') return world.advance(30 * hourMs)
  if (act === 'audit') await world.advance(3 * hourMs)
  const event = act === 'audit' ? undefined : eventOf(setting, act)
  for (const _ of strikes) await (event === undefined ? world.audit() : world.operate(event))
}

function eventOf(setting: Setting, operation: Command) {
  const { arn: secretArn } = setting
  if (operation === 'rollback') return { operation, secretArn, to: held(setting, 'AWSPREVIOUS') }
  if (operation !== 'abandon') return { operation, secretArn }
  return { operation, secretArn, versionId: held(setting, 'AWSPENDING') }
}
