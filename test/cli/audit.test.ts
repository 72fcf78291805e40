import { expect, test, vi } from 'vitest'
import { newKey } from '../../sandbox/scene.ts'
import { cli, deployed, json } from '../support/cli.ts'
import { activeIds, hour, type Staged, worldOf } from '../support/graces.ts'

vi.setConfig({ testTimeout: 60_000 })

interface Audited {
  readonly secrets: readonly string[]
  readonly findings: readonly {
    type: string
    secretId: string
    problem: string
    remedy: string
    details: object
  }[]
}

/** A first key whose grace of an hour was over two hours ago, and whose schedule was lost. */
const forgotten = () =>
  deployed({
    ago: 4 * hour,
    earlier: async ({ scene, arn }: Staged) => {
      await scene.rotate(arn)
      for (const { group, name } of scene.sandbox.scheduler.list())
        if (!name.includes('audit')) scene.sandbox.scheduler.delete({ group, name })
    },
  })

test('a healthy secret is no finding, and nothing is changed', async () => {
  const staged = await deployed()
  const before = worldOf(staged)
  const { code, result } = await json<Audited>({ scene: staged.scene, args: ['audit'] })
  expect(result).toEqual({ secrets: [staged.arn], findings: [] })
  expect(code).toBe(0)
  expect(worldOf(staged)).toEqual(before)
})

test('by itself it only tells what the daily audit will do', async () => {
  const staged = await forgotten()
  const before = worldOf(staged)
  const { code, result } = await json<Audited>({ scene: staged.scene, args: ['audit', staged.arn] })
  expect(result.findings).toMatchObject([
    { type: 'previous-past-grace', secretId: staged.arn, details: { outcome: 'left to the audit' } },
  ])
  expect(code).toBe(1)
  expect(worldOf(staged)).toEqual(before)
})

test('told to act it retires what nobody remembers, once that was confirmed', async () => {
  const staged = await forgotten()
  const { scene, arn, account } = staged
  const before = worldOf(staged)
  const asked = await cli({ scene, args: ['audit', arn, '--act'] })
  expect(asked).toMatchObject({ code: 3, stdout: '' })
  expect(worldOf(staged)).toEqual(before)
  const { result } = await json<Audited>({ scene, args: ['audit', arn, '--act', '--yes'] })
  expect(result.findings).toMatchObject([{ type: 'previous-past-grace', details: { outcome: 'retired' } }])
  expect(activeIds(staged)).not.toContain(account.credId)
  expect(activeIds(staged)).toHaveLength(1)
})

test('a shared credential is not labelled by a look', async () => {
  const staged = await deployed()
  const { scene, arn, account } = staged
  const copy = await scene.keepSecret({ name: 'prod/copy', document: account.document })
  const { result } = await json<Audited>({ scene, args: ['audit'] })
  expect(result.findings.map(({ type }) => type)).toEqual(['shared-credential', 'shared-credential'])
  for (const one of [arn, copy])
    expect(Object.values(await scene.labelsOf(one)).flat()).toEqual(['AWSCURRENT'])
})

test('people read what is wrong and what to do, by secret', async () => {
  const staged = await deployed()
  const { scene, arn, account } = staged
  scene.dfns.addCredential({ userId: account.userId, name: 'whose', publicKey: newKey().publicKey })
  const { code, stdout } = await cli({ scene, args: ['audit'] })
  expect(stdout.split('\n').slice(0, 2)).toEqual([arn, '  ✗ foreign-credential'])
  expect(stdout).toContain('    → nobody knows it: if it is not yours, deactivate it at Dfns, and rotate')
  expect(stdout).toMatch(/\n1 secret\(s\), 1 finding\(s\) to look at\n$/)
  expect(code).toBe(1)
})

test('a secret that is not there ends it, with the code', async () => {
  const staged = await deployed()
  const { code, stderr, result } = await json<{ error: { code: string } }>({
    scene: staged.scene,
    args: ['audit', 'prod/nothing'],
  })
  expect(result.error.code).toBe('ERR_SECRET_GONE')
  expect(stderr).toMatch(
    /^dfns-rotator: ERR_SECRET_GONE: DescribeSecret on prod\/nothing: there is no such secret/,
  )
  expect(code).toBe(4)
})
