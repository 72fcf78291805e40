import type { Simulation, SimulationPlan } from '../simulation/world.ts'
import { count, edit, randomEdit, type Town } from './people.ts'
import type { Recorder } from './recorder.ts'

type Invocation = Parameters<NonNullable<SimulationPlan>>[0]['invocation']
type Ending = Parameters<Simulation['checkers']['ended']>[0]

/** Where every call and every invocation of the two functions passes by. */
export interface Desk {
  /** An edit by hand between two calls of what the secret's next invocations do. */
  interrupt(arn: string): void
}

interface Books {
  /** Calls that are still to pass before the edit. */
  readonly armed: Map<string, number>
  /** Invocations under way. */
  readonly running: Map<string, number>
  /** Secrets that were edited while an invocation was under way, which is not over. */
  readonly racing: Set<string>
  /** Secrets of whose running invocations a fault struck one. */
  readonly hit: Set<string>
}

export function openDesk({ town, record }: { town: Town; record: Recorder }): Desk {
  const { world, ledger, dice } = town
  const books: Books = { armed: new Map(), running: new Map(), racing: new Set(), hit: new Set() }
  const theirs = { ...world.checkers }
  world.plan = planOf({ town, record, books })
  // The ledger looks at what was touched, and knows what was done by hand; theirs look at every secret every time.
  Object.assign(world.checkers, {
    watch: () => {},
    edited: () => {},
    look: () => ledger.look(),
    begun: (invocation: Invocation) => {
      const { secretArn: arn } = invocation
      books.running.set(arn, (books.running.get(arn) ?? 0) + 1)
      theirs.begun(invocation)
    },
    ended: (ending: Ending) => {
      record.ended(ending)
      theirs.ended(ending)
      close({ town, books, ending })
    },
  })
  return { interrupt: (arn) => void books.armed.set(arn, dice.whole(0, 80)) }
}

function planOf({ town, record, books }: { town: Town; record: Recorder; books: Books }): SimulationPlan {
  const { ledger, sky } = town
  const { armed, racing, hit } = books
  const meanwhile = async (arn: string) => {
    racing.add(arn)
    ledger.race(arn, true)
    await edit(town, { arn, what: randomEdit(town) })
  }
  return (call) => {
    const { secretArn: arn } = call.invocation
    const left = armed.get(arn)
    if (left === 0) {
      armed.delete(arn)
      record.call(call, 'an edit by hand comes first')
      return { meanwhile: () => meanwhile(arn) }
    }
    if (left !== undefined) armed.set(arn, left - 1)
    const fault = sky.strike(call)
    if (fault !== undefined) hit.add(arn)
    record.call(call, typeof fault === 'object' ? `answered ${fault.reply.status}` : fault)
    return fault
  }
}

/** An invocation is over. With the last one of a secret ends what an edit by hand may have crossed. */
function close({ town, books, ending }: { town: Town; books: Books; ending: Ending }): void {
  const { world, ledger, stuck } = town
  const { running, racing, hit } = books
  const { invocation, result } = ending
  const { secretArn: arn } = invocation
  if (!result.ok && result.errorType === 'ERR_CURRENT_CHANGED') stuck.add(arn)
  const left = (running.get(arn) ?? 1) - 1
  running.set(arn, left)
  if (left > 0) return
  if (racing.delete(arn)) {
    if (hit.has(arn) || world.vault.staleReads > 0) repair(town, arn)
    ledger.race(arn, false)
  }
  hit.delete(arn)
  ledger.look()
}

/**
 * AWSCURRENT was moved back to a credential in the very moment in which it was retired, and a fault ended that
 * retirement, or a stale read hid the move from it, before it could take that back. Nobody is left who may, and the
 * operator activates it at Dfns. Counted and printed; without a fault it is a broken promise.
 */
function repair(town: Town, arn: string): void {
  const { ledger, tell } = town
  if (ledger.currentIsAccepted(arn)) return
  count(town, 'moves back that met a struck retirement')
  tell(arn, 'operator: activates what AWSCURRENT names')
  ledger.repair(arn)
}
