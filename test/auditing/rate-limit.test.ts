import { expect, test } from 'vitest'
import { guideWorld, type Scene } from '../../sandbox/scene.ts'
import { auditedHere } from '../support/audited-here.ts'
import { watchedScene } from '../support/scene.ts'

const second = 1_000
const minute = 60 * second
const count = 40

/** Accounts of one organisation, which allows so many requests a minute, each with its secret. */
async function fleet(rateLimit: number): Promise<Scene> {
  const policy = (dfnsUrl: string) => JSON.stringify({ allowedBaseUrls: [dfnsUrl] })
  const scene = await watchedScene({ policy, dfnsSwitches: { ...guideWorld, rateLimit } })
  const { orgId } = scene.dfns.createOrganisation()
  const Tags = [{ Key: 'dfns-rotator:grace', Value: 'PT1H' }]
  for (let index = 0; index < count; index++) {
    const { document } = scene.openAccount({ orgId, name: `account-${index}` })
    const secret = { Name: `secret-${index}`, SecretString: JSON.stringify(document), Tags }
    await scene.secretsManager('CreateSecret', { ...secret, ClientRequestToken: crypto.randomUUID() })
  }
  return scene
}

const most = (asked: readonly { at: number }[]) =>
  Math.max(...asked.map(({ at: from }) => asked.filter(({ at }) => at >= from && at < from + minute).length))

const complete = { event: 'audit done', secrets: count, of: count, isComplete: true }

test('where Dfns allows 100 requests a minute, an audit makes 60, is never refused, and sees everything', async () => {
  const scene = await fleet(100)
  const { findings, lines, asked } = await auditedHere(scene)
  expect(findings.map(({ type }) => type)).toEqual(Array(count).fill('rotation-cancelled'))
  expect(lines.at(-1)).toMatchObject(complete)
  expect(asked.filter(({ status }) => status !== 200)).toEqual([])
  expect(asked).toHaveLength(3 * count)
  expect(most(asked)).toBeLessThanOrEqual(60)
  // Two minutes' worth: it waits no longer than it has to.
  expect(asked.at(-1)?.at).toBeLessThan(2 * minute)
})

test('where others of the organisation use its limit up, it asks nothing until Dfns says, and sees everything', async () => {
  const scene = await fleet(1_000)
  const from = scene.clock.now()
  const until = from + 40 * second
  scene.sandbox.wire.plan = ({ service, operation }) => {
    if (service !== 'dfns' || operation !== 'POST /auth/action' || scene.clock.now() >= until)
      return undefined
    const left = Math.ceil((until - scene.clock.now()) / second)
    return { reply: { status: 429, headers: { 'retry-after': String(left) }, body: '{}' } }
  }
  const { findings, lines, asked } = await auditedHere(scene)
  expect(findings.map(({ type }) => type)).toEqual(Array(count).fill('rotation-cancelled'))
  expect(lines.at(-1)).toMatchObject(complete)
  const refused = asked.filter(({ status }) => status === 429)
  expect(refused.length).toBeGreaterThan(0)
  expect(refused.length).toBeLessThanOrEqual(8)
  expect(asked.filter(({ at }) => at > 0 && at < 40 * second)).toEqual([])
})

test('what the end of the time cuts short has no finding, and is looked at by the next invocation', async () => {
  const scene = await fleet(10)
  const arns = scene.sandbox.vault
    .list()
    .map(({ arn }) => arn)
    .toSorted()
  // 16 requests leave before Dfns has told its limit, the other 8 of the first secrets need minutes.
  const first = await auditedHere(scene, { leftMs: 5 * minute })
  const ofFirst = [...new Set(first.findings.map(({ secretId }) => String(secretId)))].toSorted()
  expect(ofFirst).toEqual(arns.slice(0, 16))
  expect(first.findings.map(({ type }) => type)).not.toContain('not-checked')
  expect(first.lines.at(-1)).toMatchObject({ secrets: 8, isComplete: false })
  expect(first.continued).toMatchObject([{ input: { after: arns[7] } }])
  expect(first.continued[0]?.at.getTime()).toBe(scene.clock.now() + minute)
  const next = await auditedHere(scene, { leftMs: 5 * minute, after: arns[7] ?? '' })
  expect(next.findings.map(({ secretId }) => String(secretId)).toSorted()).toEqual(
    expect.arrayContaining(arns.slice(8, 16)),
  )
})
