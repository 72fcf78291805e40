import { expect, test, vi } from 'vitest'
import { activeIds, currentId, holder, outcomes, schedules, type Staged, worldOf } from '../support/graces.ts'
import { cli, deployed, json } from '../support/cli.ts'

// Each is a process or two beside the sandbox's own.
vi.setConfig({ testTimeout: 60_000 })

const secret = 'prod/dfns'

async function rotatedOnce(options: Parameters<typeof deployed>[0] = {}): Promise<Staged> {
  const staged = await deployed(options)
  await staged.scene.rotate(staged.arn)
  return staged
}

/** A rotation that cannot go on: Dfns does not let the account register a key. */
const stuck = () => rotatedOnce({ dfnsSwitches: {} })

const commandLines = ['rollback', 'abandon', 'decommission'] as const

test.each(commandLines)(
  '%s says what it will do and asks; where nobody can answer it does nothing',
  async (name) => {
    const staged = name === 'abandon' ? await stuck() : await rotatedOnce()
    const before = worldOf(staged)
    const { code, stdout, stderr } = await cli({ args: [name, secret], scene: staged.scene, stdin: 'y\n' })
    expect(code).toBe(3)
    expect(stdout).toBe('')
    expect(stderr).toContain('NOT_CONFIRMED: not confirmed: there is no terminal to ask on: say --yes')
    expect(stderr).toContain(holder(staged, 'AWSCURRENT')?.id)
    expect(worldOf(staged)).toEqual(before)
  },
)

test('rollback goes back to AWSPREVIOUS, and leaves the other one its grace', async () => {
  const staged = await rotatedOnce()
  const { account, scene } = staged
  const bad = await currentId(staged)
  const { code, stdout, stderr } = await cli({ args: ['rollback', secret, '--yes'], scene })
  expect(code).toBe(0)
  expect(await currentId(staged)).toBe(account.credId)
  expect(stdout).toContain(`${secret} is rolled back.`)
  expect(stdout).toMatch(new RegExp(`current +${account.credId}`))
  expect(stdout).toMatch(new RegExp(`before +${bad}`))
  expect(stdout).toContain('which works until')
  expect(stderr).toContain('✓ AWSCURRENT moved')
  expect(activeIds(staged)).toContain(bad)
})

test('rollback --to names any version, and repeated it changes nothing more', async () => {
  const staged = await rotatedOnce()
  const { scene, arn, account } = staged
  const first = holder(staged, 'AWSPREVIOUS')?.id ?? ''
  await scene.rotate(arn)
  for (const times of [1, 2]) {
    const args = ['rollback', arn, '--to', first, '--yes']
    const { code, result } = await json<object>({ args, scene })
    expect([times, code]).toEqual([times, 0])
    // The second time nothing has changed.
    const fields = ['secretArn', 'current', ...(times === 1 ? ['change'] : []), 'steps']
    expect(Object.keys(result)).toEqual(fields)
    expect(result).toMatchObject({ secretArn: arn, current: { versionId: first, id: account.credId } })
    expect(await currentId(staged)).toBe(account.credId)
  }
})

test('rollback refuses what it cannot do, with a code and what to do', async () => {
  const fresh = await deployed()
  const nowhere = await cli({ args: ['rollback', secret, '--yes'], scene: fresh.scene })
  expect(nowhere).toMatchObject({ code: 4, stdout: '' })
  expect(nowhere.stderr).toContain('Name a version with --to')
  expect(nowhere.stderr).toContain(holder(fresh, 'AWSCURRENT')?.id)
  const unknown = ['rollback', secret, '--to', 'b'.repeat(32), '--yes']
  expect(await cli({ args: unknown, scene: fresh.scene })).toMatchObject({ code: 4 })
  const staged = await stuck()
  const before = worldOf(staged)
  const { code, stderr } = await cli({ args: ['rollback', secret, '--yes'], scene: staged.scene })
  expect(code).toBe(4)
  expect(stderr).toContain('ERR_CURRENT_CHANGED')
  expect(stderr).toContain(`npx dfns-rotator abandon ${staged.arn}`)
  expect(stderr).toContain('What to do: ')
  expect(worldOf(staged)).toEqual(before)
})

test('abandon clears a stuck rotation, and the next one may begin', async () => {
  const staged = await stuck()
  const { scene, arn, account } = staged
  const versionId = holder(staged, 'AWSPENDING')?.id
  const { code, stdout, stderr } = await cli({ args: ['abandon', secret, '--yes'], scene })
  expect(code).toBe(0)
  expect(stdout).toContain(`The rotation of ${secret} is given up.`)
  expect(stderr).toContain(versionId)
  expect(holder(staged, 'AWSPENDING')).toBeUndefined()
  expect(await currentId(staged)).toBe(account.credId)
  await scene.rotate(arn)
  expect(outcomes(staged).at(-1)).toBe('createSecret ERR_NOT_ALLOWED')
})

test('abandon deactivates what the rotation has registered', async () => {
  const staged = await deployed({ engineSwitches: { retryDelaysMs: [3_600_000] } })
  const { scene, arn, account } = staged
  scene.sandbox.wire.plan = ({ operation }) =>
    operation === 'POST /auth/credentials' ? 'killed-after' : undefined
  await scene.rotate(arn)
  scene.sandbox.wire.plan = undefined
  expect(activeIds(staged)).toHaveLength(2)
  const { code, result } = await json<object>({ args: ['abandon', arn, '--yes'], scene })
  expect(code).toBe(0)
  expect(result).toMatchObject({ secretArn: arn, current: { id: account.credId } })
  expect(activeIds(staged)).toEqual([account.credId])
})

test('a rotation that began before the secret was adopted is given up, and then it is adopted', async () => {
  const { scene } = await deployed()
  const { orgId } = scene.dfns.createOrganisation()
  const { document } = scene.openAccount({ orgId, name: 'early' })
  const arn = await scene.keepSecret({ name: 'prod/early', document: {} })
  await scene.rotate(arn)
  const fields = JSON.stringify(document)
  const adopting = { args: ['adopt', arn, '--from-stdin', '--yes'], scene, stdin: fields }
  const refused = await cli(adopting)
  expect(refused).toMatchObject({ code: 4, stderr: expect.stringContaining('npx dfns-rotator abandon') })
  const { code, stdout } = await cli({ args: ['abandon', arn, '--yes'], scene })
  expect(stdout).toContain(`Next: npx dfns-rotator adopt ${arn}`)
  expect(code).toBe(0)
  expect(await cli(adopting)).toMatchObject({ code: 0 })
  await scene.rotate(arn)
  expect(await scene.documentOf(arn, 'AWSPREVIOUS')).toMatchObject({ credId: document.credId })
})

test('abandon does not report a rotation that nothing is known of as given up', async () => {
  const staged = await stuck()
  const args = ['abandon', secret, '--version', 'c'.repeat(32), '--yes']
  const another = await cli({ args, scene: staged.scene })
  expect(another).toMatchObject({ code: 4, stderr: expect.stringContaining('under way is that of version') })
  const idle = await cli({ args, scene: (await rotatedOnce()).scene })
  expect(idle).toMatchObject({ code: 4, stderr: expect.stringContaining('Dfns has nothing of it') })
})

test('abandon refuses where there is nothing to give up, and what is complete', async () => {
  const staged = await rotatedOnce()
  const { scene } = staged
  const idle = await cli({ args: ['abandon', secret, '--yes'], scene })
  expect(idle).toMatchObject({
    code: 4,
    stderr: expect.stringContaining('no rotation of prod/dfns is under way'),
  })
  const versionId = holder(staged, 'AWSCURRENT')?.id ?? ''
  const complete = await cli({ args: ['abandon', secret, '--version', versionId, '--yes'], scene })
  expect(complete.code).toBe(4)
  expect(complete.stderr).toContain('npx dfns-rotator rollback')
})

test('decommission retires what is superseded, turns rotation off, and takes our tags away', async () => {
  const staged = await rotatedOnce({ tags: { 'dfns-rotator:grace': 'PT2H', team: 'payments' } })
  const { scene, arn, account } = staged
  const previous = holder(staged, 'AWSPREVIOUS')?.id
  const { code, stdout, stderr } = await cli({ args: ['decommission', secret, '--yes'], scene })
  expect(code).toBe(0)
  expect(stderr).toContain(`version ${previous} is retired now`)
  expect(stdout).toContain(`${secret} is let go.`)
  expect(stdout).toContain(`version ${previous}: retired`)
  expect(activeIds(staged)).toEqual([await currentId(staged)])
  expect(activeIds(staged)).not.toContain(account.credId)
  const told = await scene.secretsManager<{ RotationEnabled?: boolean; Tags: { Key: string }[] }>(
    'DescribeSecret',
    {
      SecretId: arn,
    },
  )
  expect(told.RotationEnabled ?? false).toBe(false)
  expect(told.Tags.map(({ Key }) => Key)).toEqual(['team'])
  expect(schedules(staged).map(({ name }) => name)).toEqual(['dfns-rotator-audit-daily'])
})

test('decommission repeated completes nothing more, and says so in JSON', async () => {
  const staged = await rotatedOnce()
  const args = ['decommission', staged.arn, '--yes']
  const first = await json<{ retired: object[] }>({ args, scene: staged.scene })
  expect(first).toMatchObject({ code: 0, result: { retired: [{ outcome: 'retired' }] } })
  expect(Object.keys(first.result)).toEqual(['secretArn', 'current', 'retired', 'steps'])
  const second = await json<{ retired: object[] }>({ args, scene: staged.scene })
  expect(second).toMatchObject({ code: 0, result: { retired: [] } })
})

test('what Dfns does not accept is left as it is, with the code', async () => {
  const staged = await rotatedOnce()
  const { scene } = staged
  scene.sandbox.wire.plan = ({ operation }) =>
    operation.startsWith('POST /auth/action')
      ? { reply: { status: 401, body: '{"error":{"message":"no"}}' } }
      : undefined
  const before = worldOf(staged)
  const { code, stderr } = await cli({ args: ['decommission', secret, '--yes'], scene })
  expect(code).toBe(4)
  expect(stderr).toMatch(/^dfns-rotator: ERR_\w+: AWSCURRENT of .* is not accepted/m)
  expect(stderr).toContain('What to do: ')
  expect(worldOf(staged)).toEqual(before)
})

const wrongPrefix = ['--name-prefix', 'another', '--yes']

test.each([...commandLines, 'rotate'])(
  '%s is refused where nobody tells who ends graces: with the option that says it, and nothing changed',
  async (name) => {
    const staged = name === 'abandon' ? await stuck() : await rotatedOnce()
    const policy = ['--policy', '/dfns-rotator/policy']
    const before = worldOf(staged)
    const args = [name, secret, ...wrongPrefix, ...policy, ...(name === 'rotate' ? ['--retire-now'] : [])]
    const { code, stdout, stderr } = await cli({ args, scene: staged.scene })
    expect(stderr).toContain('Nothing was changed. Say --name-prefix')
    expect([code, stdout]).toEqual([4, ''])
    expect(worldOf(staged)).toEqual(before)
  },
)

test('rollback goes on where the policy leaves retirement to the next rotation, and says so', async () => {
  const staged = await rotatedOnce({ rules: { retireAtNextRotation: true } })
  const args = ['rollback', secret, ...wrongPrefix, '--policy', '/dfns-rotator/policy']
  const { code, stderr } = await cli({ args, scene: staged.scene })
  expect(code).toBe(0)
  expect(stderr).toContain('What it goes back from is retired when the next rotation begins.')
})

test('rollback goes on where the deployment has no scheduler, and says what that means', async () => {
  const never = { default: 'PT0S', adopted: 'PT0S' }
  const staged = await rotatedOnce({ scheduler: false, auditsDaily: false, grace: never })
  const { scene, account } = staged
  const { code, stdout, stderr } = await cli({ args: ['rollback', secret, '--yes'], scene })
  expect([code, stderr]).toEqual([0, expect.stringContaining('stays active: there is no scheduler')])
  expect(stdout).toContain('which stays active: no schedule of it is known')
  expect(await currentId(staged)).toBe(account.credId)
})
