import type { Clock } from '../../sandbox/clock.ts'
import type { Credential } from '../../sandbox/dfns/model.ts'
import type { Dfns } from '../../sandbox/dfns/organisation.ts'
import type { Vault } from '../../sandbox/secrets-manager/vault.ts'
import { documentReader } from './documents.ts'

/** Past its grace a credential of ours may stay active for another day. Milliseconds. */
const dayMs = 86_400_000

/** The name of a credential that somebody else registered on an identity. */
export const stranger = 'stranger'

/** A promise that was broken. */
export interface Finding {
  readonly at: number
  readonly arn: string
  readonly rule:
    | 'current'
    | 'grace'
    | 'overdue'
    | 'unpromoted'
    | 'foreign'
    | 'signing'
    | 'overwritten'
    | 'leak'
  readonly text: string
}

/** A secret under watch, its identity at Dfns, and for how long what it supersedes stays active. Milliseconds. */
export interface Kept {
  readonly arn: string
  readonly userId: string
  readonly graceMs: { readonly adopted: number; readonly own: number }
}

/**
 * What ended a credential's time in AWSCURRENT. Only a rotation promises a grace and an end: what the owner's hand
 * supersedes, or takes AWSPENDING from, is written down nowhere, and only the audit of a later release finds it.
 */
type Cause = 'rotation' | 'hand'

interface Superseded {
  readonly at: number
  readonly until: number
  readonly cause: Cause
}

interface Account extends Kept {
  /** By credential id: what was AWSCURRENT and is not any more. */
  readonly superseded: Map<string, Superseded>
  /** Credential ids that were AWSCURRENT at any time. */
  readonly promoted: Set<string>
  /** Of these, what the owner moved AWSCURRENT back to. */
  readonly returned: Set<string>
  /** Credential ids of rotations that the owner ended. */
  readonly givenUp: Set<string>
  readonly adopted: string
  current: string
  /** What AWSCURRENT says beside its key and the key's id. */
  rest: string
  /** When the owner last edited labels or values by hand. */
  editedAt: number
  /** The owner moved AWSCURRENT while an invocation was under way, and that has not ended yet. */
  isRacing: boolean
}

/** What only an audit could find, by what the owner did, at the moment of asking. */
export interface Strays {
  /** Superseded when the owner moved AWSCURRENT back. */
  readonly supersededByHand: number
  /** Registered by a rotation that the owner ended. */
  readonly neverPromoted: number
}

/**
 * Watches the invariants by state: after every call those of the secrets that it touched, and at the moment when a
 * grace and its day are over.
 */
export function createLedger(world: { clock: Clock; vault: Vault; dfns: Dfns }) {
  const { clock, vault, dfns } = world
  const accounts = new Map<string, Account>()
  const byUser = new Map<string, Account>()
  const findings: Finding[] = []
  const reported = new Set<string>()
  const touched = new Set<Account>()
  const documents = documentReader()
  let hand = false

  const report = (account: Account, rule: Finding['rule'], text: string) => {
    if (reported.has(text + account.arn)) return
    reported.add(text + account.arn)
    findings.push({ at: clock.now(), arn: account.arn, rule, text })
  }

  const credentialsOf = ({ userId }: Account) => dfns.state.identities.get(userId)?.credentials ?? []
  const activeUnder = (account: Account, id: string) =>
    credentialsOf(account).filter(({ credentialId, isActive }) => credentialId === id && isActive)
  const labelled = (account: Account, label: string) =>
    documents.under({ secret: vault.find(account.arn), label })

  const supersede = (account: Account, next: string) => {
    const { current, adopted, graceMs } = account
    const at = clock.now()
    const until = at + (current === adopted ? graceMs.adopted : graceMs.own)
    const entry: Superseded = { at, until, cause: hand ? 'hand' : 'rotation' }
    account.superseded.set(current, entry)
    if (account.superseded.delete(next)) account.returned.add(next)
    account.promoted.add(next)
    account.current = next
    if (entry.cause === 'rotation') clock.at(until + dayMs, () => due({ account, id: current, entry }))
  }

  const due = ({ account, id, entry }: { account: Account; id: string; entry: Superseded }) => {
    if (account.superseded.get(id) !== entry || activeUnder(account, id).length === 0) return
    if (labelled(account, 'AWSPENDING')?.id === id) return
    const since = new Date(entry.at).toISOString()
    report(account, 'overdue', `${id}, superseded ${since}, is active a day after its grace`)
  }

  const inspect = (account: Account) => {
    const current = labelled(account, 'AWSCURRENT')
    if (current !== undefined && current.id !== account.current) supersede(account, current.id)
    if (current === undefined || !accepts(activeUnder(account, current.id), current.publicKey)) {
      if (!account.isRacing)
        report(account, 'current', `AWSCURRENT names ${account.current}, which is refused`)
    }
    for (const [id, { until, cause }] of account.superseded) {
      const promised = cause === 'rotation' && clock.now() < until
      if (promised && activeUnder(account, id).length === 0)
        report(
          account,
          'grace',
          `${id}${account.returned.has(id) ? ', once moved back by hand,' : ''} is refused before its grace ends at ` +
            new Date(until).toISOString(),
        )
    }
    for (const { credentialId: id } of unpromoted(account)) {
      if (!wasGivenUp({ account, id }))
        report(account, 'unpromoted', `${id} is active, was never promoted, and no label names it`)
    }
  }

  /** Whether the owner edited the secret while the rotation that made this credential was under way. */
  const wasGivenUp = ({ account, id }: { account: Account; id: string }): boolean => {
    if (account.givenUp.has(id)) return true
    const made = documents.versionOf({ secret: vault.find(account.arn), id })
    if (made === undefined || account.editedAt < made.createdAt) return false
    account.givenUp.add(id)
    return true
  }

  const unpromoted = (account: Account) => {
    const pending = labelled(account, 'AWSPENDING')?.id
    return credentialsOf(account).filter(
      ({ credentialId: id, isActive, name }) =>
        isActive && name !== stranger && id !== pending && !account.promoted.has(id),
    )
  }

  vault.changes.listen(({ secret }) => {
    const account = accounts.get(secret.arn)
    if (account === undefined) return
    touched.add(account)
    if (hand) account.editedAt = clock.now()
    // Who superseded is known at this moment only.
    const current = labelled(account, 'AWSCURRENT')
    if (current === undefined) return
    if (!hand && current.rest !== account.rest)
      report(account, 'overwritten', `a field of the owner changed in ${current.versionId}`)
    account.rest = current.rest
    if (current.id !== account.current) supersede(account, current.id)
  })

  return {
    findings: findings as readonly Finding[],
    keep(kept: Kept): void {
      const { id: current = '', rest = '' } =
        documents.under({ secret: vault.find(kept.arn), label: 'AWSCURRENT' }) ?? {}
      const account: Account = {
        ...kept,
        superseded: new Map(),
        promoted: new Set([current]),
        returned: new Set(),
        givenUp: new Set(),
        adopted: current,
        current,
        rest,
        editedAt: -1,
        isRacing: false,
      }
      accounts.set(kept.arn, account)
      byUser.set(kept.userId, account)
    },
    /** What happens meanwhile is the owner's doing. */
    byHand(act: () => void): void {
      hand = true
      try {
        act()
      } finally {
        hand = false
      }
    },
    /** Looks at every secret that was touched since the last time. */
    look(): void {
      for (const { kind, userId, credentialUuid, by } of dfns.state.effects) {
        const account = byUser.get(userId)
        if (account === undefined || !kind.startsWith('credential')) continue
        touched.add(account)
        const struck = dfns.state.credentials.get(credentialUuid ?? '')
        if (struck?.name === stranger && by !== 'administrator')
          report(account, 'foreign', `${kind}: ${credentialUuid}`)
      }
      for (const account of touched) inspect(account)
      touched.clear()
    },
    /** While an invocation is under way its owner's edit may cross it; the promise is looked at when it is over. */
    race(arn: string, isRacing: boolean): void {
      const account = accounts.get(arn)
      if (account === undefined) return
      account.isRacing = isRacing
      touched.add(account)
    },
    currentIsAccepted(arn: string): boolean {
      const account = accounts.get(arn)
      const current = account && labelled(account, 'AWSCURRENT')
      return current !== undefined && accepts(activeUnder(account as Account, current.id), current.publicKey)
    },
    /** An application signed and was answered this. */
    refused(arn: string, status: number): void {
      const account = accounts.get(arn)
      if (account) report(account, 'signing', `an application was answered ${status}`)
    },
    /** Activates what AWSCURRENT names, as a person does at Dfns. */
    repair(arn: string): void {
      const account = accounts.get(arn)
      const id = account && labelled(account, 'AWSCURRENT')?.id
      for (const { credentialId, credentialUuid } of account ? credentialsOf(account) : []) {
        if (credentialId === id) dfns.setCredentialActive({ credentialUuid, isActive: true })
      }
    },
    /** Whether AWSPREVIOUS was superseded by a rotation, and its grace lasts. */
    isInGrace(arn: string): boolean {
      const account = accounts.get(arn)
      const entry = account?.superseded.get(labelled(account, 'AWSPREVIOUS')?.id ?? '')
      return entry !== undefined && entry.cause === 'rotation' && clock.now() < entry.until
    },
    /** The version that AWSCURRENT may be moved back to: AWSPREVIOUS, until its key is retired. */
    wayBack(arn: string): { from: string; to: string } | undefined {
      const account = accounts.get(arn)
      if (account === undefined) return undefined
      const previous = labelled(account, 'AWSPREVIOUS')
      const current = labelled(account, 'AWSCURRENT')
      if (previous === undefined || current === undefined || previous.id === current.id) return undefined
      const isAccepted = accepts(activeUnder(account, previous.id), previous.publicKey)
      return isAccepted ? { from: current.versionId, to: previous.versionId } : undefined
    },
    strays(): Strays {
      const all = [...accounts.values()]
      const byHand = all.flatMap((account) =>
        [...account.superseded].filter(
          ([id, { cause }]) => cause === 'hand' && activeUnder(account, id).length > 0,
        ),
      )
      return { supersededByHand: byHand.length, neverPromoted: all.flatMap(unpromoted).length }
    },
  }
}

export type Ledger = ReturnType<typeof createLedger>

function accepts(active: readonly Credential[], publicKey: string): boolean {
  return active.some((one) => one.unaccepted === 0 && one.publicKey.trim() === publicKey)
}
