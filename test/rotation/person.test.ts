// What a person did at Dfns, or audit noted, between a rotation and the retirement after it.
import { expect, onTestFinished, test } from 'vitest'
import { sharedLabel } from '../../lambdas/rotation/undone.ts'
import { worldOf } from '../simulation/matrix.ts'
import type { SimulatedKind } from '../simulation/secrets.ts'
import { createSimulation } from '../simulation/world.ts'

const day = 86_400_000

async function kept({ kind, grace }: { kind: SimulatedKind; grace: string }) {
  const world = createSimulation({ switches: worldOf(kind) })
  onTestFinished(() => world.close())
  const { arn, userId } = await world.addSecret({ name: 'prod/kept', kind, grace, first: 'own' })
  const { dfns, vault, asyncInvocations } = world
  const versions = () => [...vault.find(arn).versions.values()]
  const named = (label: string) => {
    const value = versions().find(({ labels }) => labels.has(label))?.value
    const text = value && 'SecretString' in value ? value.SecretString : '{}'
    return (JSON.parse(text) as { credId: string }).credId
  }
  const under = (credId: string) => dfns.credentials({ userId }).find((one) => one.credentialId === credId)
  const isActive = (credId: string) => under(credId)?.isActive === true
  const deactivate = (credId: string) =>
    dfns.setCredentialActive({ credentialUuid: under(credId)?.credentialUuid ?? '', isActive: false })
  const results = () =>
    asyncInvocations.attempts.items.map(({ result }) => (result.ok ? 'ok' : result.errorType))
  return { world, arn, versions, named, isActive, deactivate, results }
}

test.each(['ServiceAccountKey', 'signed token'] as const)(
  'of a %s nothing is retired for an AWSCURRENT that a person has deactivated',
  async (kind) => {
    const { world, arn, named, isActive, deactivate, results } = await kept({ kind, grace: 'P1D' })
    await world.rotateNow(arn)
    const [old, current] = [named('AWSPREVIOUS'), named('AWSCURRENT')]
    deactivate(current)
    await world.advance(2 * day)
    expect([isActive(old), isActive(current)]).toEqual([true, false])
    expect(new Set(results())).toEqual(new Set(['ERR_VERIFY']))
    const calls = world.wire.calls.map(({ request }) => request.operation)
    expect(calls.filter((call) => call === 'PUT /auth/credentials/deactivate')).toEqual([])
  },
)

test('what another secret names, too, stays active where finishSecret would end it at once', async () => {
  const { world, arn, versions, named, isActive } = await kept({ kind: 'ServiceAccountKey', grace: 'PT0S' })
  const old = named('AWSCURRENT')
  versions()
    .find(({ labels }) => labels.has('AWSCURRENT'))
    ?.labels.add(sharedLabel(old))
  await world.rotateNow(arn)
  expect(named('AWSCURRENT')).not.toBe(old)
  await world.advance(day)
  expect(isActive(old)).toBe(true)
})
