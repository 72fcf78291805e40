import { expect, test, vi } from 'vitest'
import { cli, deployed, json } from '../support/cli.ts'
import { away, hour, type Staged, worldOf as snapshot } from '../support/graces.ts'
import { keep, worldOf } from '../support/kinds.ts'

vi.setConfig({ testTimeout: 60_000 })

interface Generation {
  readonly label: string
  readonly id: string
  readonly atDfns: string
  readonly isRotated: boolean | null
  readonly graceUntil: string | null
}

interface Status {
  readonly at: string
  readonly secrets: readonly {
    readonly secretId: string
    readonly kind: string | null
    readonly rotation: string
    readonly nextRotation: string | null
    readonly generations: readonly Generation[]
    readonly tokenExpires: string | null
    readonly isKnown: boolean
    readonly findings: readonly { type: string }[]
  }[]
}

const options = { dfnsSwitches: worldOf('account') }
const rotated = () => deployed({ ...options, ago: hour / 2, earlier: ({ scene, arn }) => scene.rotate(arn) })
const statesIn = (generations: readonly Generation[] = []) =>
  Object.fromEntries(generations.map(({ label, atDfns }) => [label, atDfns]))
const statusOf = async ({ scene }: Staged, ...names: string[]) =>
  (await json<Status>({ scene, args: ['status', ...names] })).result.secrets

test('the generations, the grace that is left, the next rotation and the token', async () => {
  const staged = await rotated()
  const { scene, arn, account } = staged
  const before = snapshot(staged)
  const { code, result } = await json<Status>({ scene, args: ['status'] })
  const [secret] = result.secrets
  expect(secret).toMatchObject({ secretId: arn, kind: 'ServiceAccountKey', rotation: 'on', isKnown: true })
  expect(secret?.generations).toMatchObject([
    { label: 'AWSCURRENT', atDfns: 'active', isRotated: true, graceUntil: null },
    { label: 'AWSPREVIOUS', id: account.credId, atDfns: 'active', isRotated: false },
  ])
  const [schedule] = scene.sandbox.scheduler.list().filter(({ name }) => !name.includes('audit'))
  const until = `${/at\((.*)\)/.exec(schedule?.settings.ScheduleExpression ?? '')?.[1]}.000Z`
  expect(secret?.generations[1]?.graceUntil).toBe(until)
  expect(secret?.findings).toMatchObject([{ type: 'adopted' }])
  expect(code).toBe(0)
  expect(snapshot(staged)).toEqual(before)
})

test('every kind of secret, managed ones without being named', async () => {
  const staged = await deployed(options)
  const { scene } = staged
  for (const kind of ['webhook', 'user'] as const) {
    const { orgId } = await keep({ scene, kind, name: `prod/${kind}` })
    scene.dfns.setSwitches({ orgId, switches: worldOf(kind) })
  }
  const secrets = await statusOf(staged)
  expect(secrets.map(({ kind, isKnown }) => [kind, isKnown])).toEqual([
    ['ServiceAccountKey', true],
    ['UserKey', true],
    ['WebhookSecret', true],
  ])
  expect(secrets.flatMap(({ generations }) => generations.map(({ atDfns }) => atDfns))).toEqual([
    'active',
    'active',
    'active',
  ])
})

test('what was retired is no more called active, whether its label went or not', async () => {
  const staged = await rotated()
  const { scene, arn, account } = staged
  for (const { credentialUuid, credentialId } of scene.dfns.credentials({ userId: account.userId }))
    if (credentialId === account.credId) scene.dfns.setCredentialActive({ credentialUuid, isActive: false })
  const [secret] = await statusOf(staged, arn)
  expect(statesIn(secret?.generations)).toEqual({ AWSCURRENT: 'active', AWSPREVIOUS: 'inactive' })
})

test('an AWSCURRENT that Dfns refuses is refused, and no other state is guessed', async () => {
  const staged = await rotated()
  const { scene, arn, account } = staged
  scene.dfns.state.identities.get(account.userId)!.isActive = false
  const { code, result } = await json<Status>({ scene, args: ['status', arn] })
  expect(statesIn(result.secrets[0]?.generations)).toEqual({ AWSCURRENT: 'refused', AWSPREVIOUS: 'unknown' })
  expect(code).toBe(1)
})

test('where Dfns does not answer, everything that is its is unknown', async () => {
  const staged = await rotated()
  const { scene, arn } = staged
  scene.sandbox.wire.plan = ({ service }) => (service === 'dfns' ? away : undefined)
  const { code, stdout } = await cli({ scene, args: ['status', arn], env: { COLUMNS: '200' } })
  const [, row = ''] = stdout.split('\n')
  expect(row.split(/\s{2,}/).slice(1)).toEqual([
    'unknown',
    'unknown',
    expect.stringMatching(/^in \d+ d$/) as string,
    'unknown',
    'unknown',
    'unknown',
    'unknown',
    'not-checked',
  ])
  expect(code).toBe(1)
})

test('a table where it fits, and blocks where it does not', async () => {
  const { scene } = await rotated()
  const wide = await cli({ scene, args: ['status'], env: { COLUMNS: '200' } })
  const [head = '', row = ''] = wide.stdout.split('\n')
  expect(head).toBe(
    'secret     kind               age     next rotation  current  previous             pending  token     findings',
  )
  expect(row).toMatch(
    /^prod\/dfns {2}ServiceAccountKey {2}\d+ min {2,}in \d+ d +active +active, \d+ min left/,
  )
  const narrow = await cli({ scene, args: ['status'], env: { COLUMNS: '50' } })
  expect(narrow.stdout).toMatch(/^prod\/dfns\n {2}kind {11}ServiceAccountKey\n/)
  expect(
    Math.max(
      ...narrow.stdout
        .split('\n')
        .filter((line) => !line.includes('arn:'))
        .map((line) => line.length),
    ),
  ).toBeLessThan(61)
})

test('nothing to look after is no table', async () => {
  const staged = await deployed(options)
  const { scene, arn } = staged
  await scene.secretsManager('DeleteSecret', { SecretId: arn, ForceDeleteWithoutRecovery: true })
  const { code, stdout } = await cli({ scene, args: ['status'] })
  expect(stdout).toBe('dfns-rotator looks after no secret here.\n')
  expect(code).toBe(0)
})
