import { expect, test, vi } from 'vitest'
import type { RotateResult } from '../../cli/rotate/report.ts'
import { credIdOf } from '../../lambdas/crypto/lineage.ts'
import { newKey } from '../../sandbox/scene.ts'
import { activeIds, away, currentId, deadLetters, holder, outcomes, type Staged } from '../support/graces.ts'
import { cli, deployed, json, startCli } from '../support/cli.ts'

// Each is a process or two beside the sandbox's own.
vi.setConfig({ testTimeout: 60_000 })

const steps = ['createSecret', 'setSecret', 'testSecret', 'finishSecret']
const secret = 'prod/dfns'

/** The words of the phases in the order in which they were shown, each with its mark. */
const shownIn = (stderr: string): string[] =>
  [...stderr.matchAll(/^ {2}([✓✗]) (\w+) /gm)].map(([, mark, word]) => `${mark} ${word}`)

const fourDone = ['✓ create', '✓ register', '✓ verify', '✓ deactivate']

const rotations = ({ scene }: Staged) =>
  scene.sandbox.wire.calls.filter(({ request }) => request.operation === 'RotateSecret').length

test('shows the four phases in order, in plain lines, and ends with what changed', async () => {
  const staged = await deployed()
  const { scene, account } = staged
  const { code, stdout, stderr } = await cli({ args: ['rotate', secret], scene })
  expect(code).toBe(0)
  expect(shownIn(stderr)).toEqual(fourDone)
  expect(stderr).toMatch(/✓ create .* \d+ ms$/m)
  expect(stdout).toContain(`${secret} is rotated.`)
  expect(stdout).toMatch(/changed +credId, privateKey$/m)
  expect(stdout).toMatch(new RegExp(`current +${await currentId(staged)}`))
  expect(stdout).toMatch(new RegExp(`before +${account.credId}`))
  expect(stdout).toMatch(/which works until \d{4}-\d\d-\d\d \d\d:\d\d UTC/)
  for (const control of ['\u001b', '\r']) expect(`${stdout}${stderr}`).not.toContain(control)
})

test('with --json there is one document, with what people are told', async () => {
  const staged = await deployed()
  const { scene, account, arn } = staged
  const { code, result } = await json<RotateResult>({ args: ['rotate', arn], scene })
  expect(code).toBe(0)
  expect(result).toMatchObject({
    secretArn: arn,
    versionId: holder(staged, 'AWSCURRENT')?.id,
    outcome: 'rotated',
    phases: steps.map((step) => ({ type: 'done', step })),
    change: {
      kind: 'ServiceAccountKey',
      current: { id: await currentId(staged) },
      superseded: { id: account.credId, versionId: holder(staged, 'AWSPREVIOUS')?.id, isActive: true },
      fields: ['credId', 'privateKey'],
    },
  })
  // The grace of an hour, and what the move itself may take.
  const left = Date.parse(result.change?.superseded.until ?? '') - scene.clock.now()
  expect(Math.round(left / 60_000)).toBe(60)
})

test('without leave to read the log the labels tell the same four phases', async () => {
  const { scene } = await deployed()
  scene.sandbox.deniedLogs.add('/aws/lambda/dfns-rotator-rotate')
  const { code, stderr } = await cli({ args: ['rotate', secret], scene })
  expect(code).toBe(0)
  expect(shownIn(stderr)).toEqual(fourDone)
  expect(stderr).not.toContain(' ms')
})

test('a function that was killed is shown as one, and the rotation after it to its end', async () => {
  const staged = await deployed({ engineSwitches: { retryDelaysMs: [1] } })
  const { wire } = staged.scene.sandbox
  let struck = false
  wire.plan = ({ operation }) => {
    if (struck || operation !== 'POST /auth/credentials') return undefined
    struck = true
    return 'killed-after'
  }
  const { code, stderr } = await cli({ args: ['rotate', secret], scene: staged.scene })
  expect(code).toBe(0)
  expect(shownIn(stderr)).toEqual(['✓ create', ...fourDone])
  expect(stderr).toContain('The attempt ended without a word. Secrets Manager begins again.')
})

test('a failure for good ends it: the phase, the code, what to do; AWSCURRENT is as it was', async () => {
  const staged = await deployed()
  const { scene, account } = staged
  const reply = { status: 403, body: '{"error":{"message":"no"}}' }
  scene.sandbox.wire.plan = ({ operation }) =>
    operation === 'POST /auth/credentials' ? { reply } : undefined
  const { code, stdout, stderr } = await cli({ args: ['rotate', secret], scene })
  expect(code).toBe(4)
  expect(shownIn(stderr)).toEqual(['✓ create', '✗ register'])
  expect(stdout).toContain(`${secret} is not rotated: register failed. AWSCURRENT is as it was.`)
  expect(stdout).toMatch(/^ {2}ERR_NOT_ALLOWED: /m)
  expect(stdout).toMatch(/^ {2}What to do: /m)
  expect(await currentId(staged)).toBe(account.credId)
})

test('in JSON the failure names its step as the phases do', async () => {
  const { scene } = await deployed()
  const reply = { status: 403, body: '{"error":{"message":"no"}}' }
  scene.sandbox.wire.plan = ({ operation }) =>
    operation === 'POST /auth/credentials' ? { reply } : undefined
  const { code, result } = await json<RotateResult>({ args: ['rotate', secret], scene })
  expect(code).toBe(4)
  expect(result.phases.at(-1)).toMatchObject({ type: 'failed', step: 'setSecret', code: 'ERR_NOT_ALLOWED' })
  expect(result.failure).toMatchObject({ phase: 'setSecret', code: 'ERR_NOT_ALLOWED' })
})

test('what createSecret would stop with is told before anything is begun, in the words of doctor', async () => {
  const staged = await deployed({ dfnsSwitches: {} })
  const { scene } = staged
  const before = rotations(staged)
  const rotated = await json<{ error: { code: string; message: string; remedy: string } }>({
    args: ['rotate', secret],
    scene,
  })
  expect(rotated.code).toBe(4)
  expect(rotations(staged)).toBe(before)
  const { error } = rotated.result
  expect(error.message).toContain('createSecret would stop with this')
  const doctor = await cli({ args: ['doctor', secret, '--no-test', '--json'], scene })
  expect(doctor.code).toBe(1)
  const told = JSON.parse(doctor.stdout) as {
    secrets: { findings: { details: { code?: string }; remedy: string }[] }[]
  }
  const [finding] = told.secrets.flatMap(({ findings }) =>
    findings.filter(({ details }) => details.code === error.code),
  )
  expect(finding?.remedy).toBe(error.remedy)
})

test('nobody waits longer than was said, and the rotation goes on without the command', async () => {
  const staged = await deployed()
  const { scene } = staged
  const args = ['rotate', secret, '--timeout', '0s']
  const { code, result } = await json<RotateResult>({ args, scene })
  expect(code).toBe(5)
  expect(result).toMatchObject({ outcome: 'timed out' })
  expect(result).not.toHaveProperty('change')
  await scene.sandbox.engine.settled()
  expect(outcomes(staged).slice(-4)).toEqual(steps)
})

test('a failure that may mend itself is shown with its reason, and waited for', async () => {
  const staged = await deployed({ engineSwitches: { retryDelaysMs: [1] } })
  const { wire } = staged.scene.sandbox
  let isAway = true
  wire.plan = ({ operation }) => {
    if (!isAway || operation !== 'POST /auth/credentials') return undefined
    isAway = false
    return away
  }
  const { code, stderr } = await cli({ args: ['rotate', secret], scene: staged.scene })
  expect(code).toBe(0)
  expect(shownIn(stderr)).toEqual(['✓ create', '✗ register', ...fourDone])
  expect(stderr).toContain('ERR_DFNS_UNAVAILABLE')
  expect(stderr).toMatch(/^ {6}\S.*\n {6}.*status 503$/m)
})

test('Ctrl-C leaves the rotation going, and says so', async () => {
  const staged = await deployed()
  const { scene } = staged
  const gate = Promise.withResolvers<void>()
  const target = scene.sandbox.functions.get(scene.functionArn)
  scene.sandbox.functions.set(scene.functionArn, {
    arn: scene.functionArn,
    invoke: async (event) => {
      if (!JSON.stringify(event).includes('createSecret')) await gate.promise
      return target?.invoke(event) ?? { ok: false, errorType: 'none', errorMessage: 'none' }
    },
  })
  const running = startCli({ args: ['rotate', secret], scene })
  await running.shows('✓ create')
  running.child.kill('SIGINT')
  const { code, stdout } = await running.ended
  expect(code).toBe(130)
  expect(stdout).toContain('is not rotated yet, and nobody watches any longer')
  expect(stdout).toContain('Secrets Manager goes on with it by itself.')
  gate.resolve()
  await scene.sandbox.engine.settled()
  expect(outcomes(staged).slice(-4)).toEqual(steps)
})

test('--retire-now asks; where nobody can answer nothing is rotated', async () => {
  const staged = await deployed()
  const before = rotations(staged)
  const { code, stderr } = await cli({
    args: ['rotate', secret, '--retire-now'],
    scene: staged.scene,
    stdin: 'y\n',
  })
  expect(code).toBe(3)
  expect(stderr).toContain('NOT_CONFIRMED')
  expect(rotations(staged)).toBe(before)
})

test('--retire-now ends every grace at once, and tells of credentials that nobody knows', async () => {
  const staged = await deployed()
  const { scene, account } = staged
  await scene.rotate(staged.arn)
  const { userId } = account
  const stranger = 'a key of somebody else'
  const { credId } = scene.dfns.addCredential({ userId, name: stranger, publicKey: newKey().publicKey })
  const args = ['rotate', secret, '--retire-now', '--yes']
  const { code, stdout } = await cli({ args, scene })
  expect(code).toBe(1)
  expect(stdout).toContain('which is not accepted any more')
  expect(stdout).toContain(stranger)
  expect(activeIds(staged).toSorted()).toEqual([credId, await currentId(staged)].toSorted())
  expect(deadLetters(staged)).toEqual([])
})

test('--retire-now tells of strangers and of what it ended, whatever fails behind the rotation', async () => {
  const staged = await deployed()
  const { scene, account, arn } = staged
  await scene.rotate(arn)
  const first = holder(staged, 'AWSPREVIOUS')?.id
  const second = await currentId(staged)
  const { userId } = account
  const stranger = scene.dfns.addCredential({ userId, name: 'nobody’s', publicKey: newKey().publicKey })
  const marked = credIdOf({ secretArn: arn, token: 'of an intruder' })
  scene.dfns.addCredential({ userId, name: 'like ours', publicKey: newKey().publicKey, credId: marked })
  const [kept] = scene.dfns
    .credentials({ userId })
    .filter(({ credentialId }) => credentialId === second)
    .map(({ credentialUuid }) => credentialUuid)
  scene.sandbox.wire.plan = ({ operation, body }) =>
    operation === 'PUT /auth/credentials/deactivate' && body.includes(kept ?? 'nothing')
      ? { reply: { status: 403, body: '{"error":{"message":"no"}}' } }
      : undefined
  const args = ['rotate', secret, '--retire-now', '--yes']
  const { code, result } = await json<RotateResult>({ args, scene })
  expect(code).toBe(1)
  expect(result).toMatchObject({
    outcome: 'rotated',
    change: { superseded: { id: second, isActive: true } },
    failure: { phase: 'retire-now', code: expect.stringMatching(/^ERR_/) },
    retired: [
      { versionId: first, outcome: 'retired' },
      { versionId: `of credential ${marked}`, outcome: 'retired' },
    ],
    left: [],
    foreign: [{ id: stranger.credId, name: 'nobody’s' }],
  })
  expect(activeIds(staged)).not.toContain(account.credId)
})

test('a rotation is told as one, though what changed cannot be read any more', async () => {
  const staged = await deployed()
  const { scene } = staged
  const { wire } = scene.sandbox
  wire.plan = ({ operation, headers }) => {
    const isFunction = /dfns-rotator-rotate/.test(headers['authorization'] ?? '')
    const isMoved = holder(staged, 'AWSCURRENT')?.labels.has('AWSPREVIOUS') === false
    const isOver = outcomes(staged).at(-1) === 'finishSecret'
    return operation === 'GetSecretValue' && !isFunction && isMoved && isOver ? 'refused' : undefined
  }
  const { code, stdout } = await cli({ args: ['rotate', secret], scene })
  expect(code).toBe(1)
  expect(stdout).toContain(`${secret} is rotated.`)
  expect(stdout).toContain('But what has changed could not be read.')
  expect(stdout).toContain('ERR_STORE')
})

test('it refuses, and asks Secrets Manager for nothing, where no rotation can begin', async () => {
  const staged = await deployed({ dfnsSwitches: {} })
  const { scene, arn } = staged
  const refused = async (name: string) => {
    const before = rotations(staged)
    const ended = await cli({ args: ['rotate', name], scene })
    expect(rotations(staged)).toBe(before)
    expect(ended).toMatchObject({ code: 4, stdout: '', stderr: expect.stringContaining('What to do: ') })
    return ended.stderr
  }
  expect(await refused('prod/nothing')).toContain('ERR_SECRET_GONE')
  await scene.rotate(arn)
  const stuck = await refused(secret)
  expect(stuck).toContain('ERR_CURRENT_CHANGED')
  expect(stuck).toContain(`npx dfns-rotator abandon ${arn}`)
  await scene.secretsManager('CancelRotateSecret', { SecretId: arn })
  expect(await refused(secret)).toContain('ERR_NOT_ENABLED')
})

test('a document that no rotation could work with is refused before it begins', async () => {
  const staged = await deployed()
  const { scene, arn } = staged
  await scene.secretsManager('PutSecretValue', {
    SecretId: arn,
    SecretString: '{"kind":"ServiceAccountKey"}',
    ClientRequestToken: 'a'.repeat(32),
  })
  const before = rotations(staged)
  const { code, stderr } = await cli({ args: ['rotate', secret], scene })
  expect(code).toBe(4)
  expect(stderr).toContain('ERR_DOCUMENT')
  expect(rotations(staged)).toBe(before)
})

test('a time-out that is none is a mistake of the command line', async () => {
  const { code, stderr } = await cli({
    args: ['rotate', secret, '--timeout', 'soon'],
    env: { AWS_REGION: 'eu-west-1', AWS_ACCESS_KEY_ID: 'a', AWS_SECRET_ACCESS_KEY: 'b' },
  })
  expect(code).toBe(2)
  expect(stderr).toContain('--timeout')
})
