import { expect } from 'vitest'
import type { State } from '../../web/core/state.ts'
import type { World } from './world.ts'

/**
 * What the page may never break: the person keeps a passkey that works, and whatever the page shows is so at
 * Dfns. To be asked while the page waits for nothing.
 */
export function assertTruth(world: World, state: State): void {
  expect(world.usable(), 'a passkey that works').not.toEqual([])
  expect(state.busy).toBeUndefined()
  assertList(world, state)
  assertStep(world, state)
}

function assertList(world: World, { account, isStale, notice }: State): void {
  if (account === undefined || isStale) return
  if (account.credentials.length === 0) {
    // Before the first list came there is nothing on the page; a notice says why.
    expect(notice?.kind).toBe('problem')
    return
  }
  const shown = account.credentials.map(({ credentialUuid, isActive }) => `${credentialUuid} ${isActive}`)
  const there = world.credentials().map(({ credentialUuid, isActive, unlisted }) => ({
    line: `${credentialUuid} ${isActive}`,
    isListed: unlisted === 0,
  }))
  expect(there.map(({ line }) => line)).toEqual(expect.arrayContaining(shown))
  expect(shown).toEqual(
    expect.arrayContaining(there.filter(({ isListed }) => isListed).map(({ line }) => line)),
  )
}

function assertStep(world: World, { screen, isStale }: State): void {
  if (screen.name !== 'replace' || isStale) return
  const byUuid = (uuid: string | undefined) => world.credentials().find((it) => it.credentialUuid === uuid)
  const { old, fresh, made, step, isUnclear } = screen
  if (step === 'create') expect(fresh).toBeUndefined()
  if (step === 'register' && !isUnclear) {
    const id = made?.attestation.credId
    expect(world.credentials().some(({ credentialId }) => credentialId === id)).toBe(false)
  }
  if (step === 'verify' || step === 'deactivate' || step === 'done')
    expect(byUuid(fresh)?.isActive).toBe(true)
  if (step === 'done') expect(byUuid(old)?.isActive).toBe(false)
}
