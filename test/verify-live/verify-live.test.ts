import { execFile } from 'node:child_process'
import { expect, test } from 'vitest'
import { ways } from '../../sandbox/demo/subjects.ts'
import { type Switches, selfRotation } from '../../sandbox/dfns/switches.ts'
import type { Scene } from '../../sandbox/scene.ts'
import type { VaultSwitches } from '../../sandbox/secrets-manager/secret.ts'
import { watchedScene } from '../support/scene.ts'

interface Report {
  readonly code: number
  /** What was seen, by switch. */
  readonly seen: Readonly<Record<string, string>>
  readonly text: string
}

/** Runs the script as a process against a scene. */
async function verify(
  scene: Scene,
  options: readonly string[],
  allowed: readonly string[] = ['--allow-base-url', scene.sandbox.urls.dfns],
): Promise<Report> {
  const { sandbox } = scene
  const script = ['--import', './scripts/node-24.mjs', 'scripts/verify-live.ts', ...options, ...allowed]
  const env = { ...process.env, ...sandbox.environment }
  const { code, text } = await new Promise<{ code: number; text: string }>((resolve) => {
    execFile(process.execPath, script, { env }, (error, stdout, stderr) =>
      resolve({ code: typeof error?.code === 'number' ? error.code : 0, text: stdout + stderr }),
    )
  })
  const lines = text.matchAll(/^[✓✗] {2}[\w-]+ +(\w+) +(.+?) {3}\(simulator/gm)
  const seen = Object.fromEntries([...lines].map(([, name = '', value = '']) => [name, value]))
  return { code, seen, text }
}

/** A secret of one kind and strategy in its own organisation. */
async function staged(of: {
  kind: string
  strategy?: string
  switches?: Partial<Switches>
  vaultSwitches?: Partial<VaultSwitches>
}) {
  // The script looks at the machine's clock, to tell how long a session lives.
  const start = new Date()
  const scene = await watchedScene({ start, ...(of.vaultSwitches && { vaultSwitches: of.vaultSwitches }) })
  const way = ways.find(({ kind, strategy }) => kind === of.kind && strategy === of.strategy)
  if (way === undefined) throw new Error('there is no such way')
  const { document } = await way.open(scene, of.switches)
  const secretId = await scene.keepSecret({ name: 'prod/dfns/live', document })
  const effects = () => scene.dfns.effects().filter(({ kind }) => !/^(user action|session)/.test(kind)).length
  return { scene, effects, options: ['--secret', secretId] }
}

const kinder: Partial<Switches> = {
  allowCredentialsId: 'credentialUuid',
  allowCredentialsInactive: 'hidden',
  listPublicKey: 'pem',
  errorBody: 'details',
  auditLogBody: 'json',
  rateLimit: 500,
}

test('asks only, changes nothing, and sees what the simulator does', async () => {
  const { scene, effects, options } = await staged({ kind: 'UserKey' })
  const before = effects()
  const { code, seen, text } = await verify(scene, options)
  expect(effects()).toBe(before)
  expect(seen).toMatchObject({
    allowCredentialsId: 'credentialId',
    listPublicKey: 'empty',
    errorBody: 'error',
    login: 'token',
    sessionTtl: '5 min',
  })
  expect(text).toContain('The simulator knows every answer.')
  expect(code).toBe(0)
})

test('sees the other answers, too', async () => {
  const { scene, options } = await staged({ kind: 'ServiceAccountKey', strategy: 'self', switches: kinder })
  const { seen } = await verify(scene, options)
  expect(seen).toMatchObject({
    selfRotation: 'init allow, list allow, activate allow',
    allowCredentialsId: 'credentialUuid',
    listPublicKey: 'pem',
    errorBody: 'details',
    rateLimit: '500',
  })
})

test('sees where Dfns refuses self-rotation, and asks by the signer what the account may not', async () => {
  const { scene, options } = await staged({
    kind: 'ServiceAccountKey',
    strategy: 'replace',
    switches: {
      selfRotation: { ...selfRotation.allRefused, list: 401 },
      accessTokenCredId: 'credentialUuid',
    },
  })
  const { seen } = await verify(scene, options)
  expect(seen).toMatchObject({ selfRotation: 'init 403, list 401', accessTokenCredId: 'credentialUuid' })
})

test.for([true, false])("sees whether a user's key signs for its tokens (%s)", async (isSo) => {
  const switches = { userCredentialSignsForPat: isSo, patCredentialBelongsToUser: !isSo }
  const { scene, options } = await staged({ kind: 'PersonalAccessTokenKey', strategy: 'signer', switches })
  const { seen } = await verify(scene, options)
  expect(seen).toMatchObject({
    userCredentialSignsForPat: String(isSo),
    patCredentialBelongsToUser: String(!isSo),
  })
})

test.for(['refuse', 'allow'] as const)(
  '--write makes, looks and removes (duplicates: %s)',
  async (answer) => {
    const { scene, options } = await staged({
      kind: 'UserKey',
      switches: { duplicateCredId: answer, keyReuse: answer, listLag: 2, acceptanceLag: 1 },
      vaultSwitches: { leftoverPending: answer === 'allow' ? 'dropped' : 'kept' },
    })
    const active = () => scene.dfns.effects().filter(({ kind }) => kind === 'credential created').length
    const made = active()
    const secrets = scene.sandbox.vault.list().length
    const { seen } = await verify(scene, [...options, '--write'])
    expect(seen).toMatchObject({
      duplicateCredId: answer,
      keyReuse: answer,
      listLag: '2',
      acceptanceLag: '1',
      leftoverPending: answer === 'allow' ? 'dropped' : 'kept',
      repeatedPutMovesLabels: 'true',
    })
    expect(active()).toBeGreaterThan(made)
    expect(scene.sandbox.vault.list()).toHaveLength(secrets)
  },
)

test('sends a token to no host that is not allowed, and says so', async () => {
  const { scene, options } = await staged({ kind: 'UserKey' })
  const toDfns = () => scene.sandbox.wire.calls.filter(({ request }) => request.service === 'dfns').length
  const before = toDfns()
  const { code, text } = await verify(scene, options, [])
  expect(code).toBe(2)
  expect(text).toContain('baseUrl')
  expect(toDfns()).toBe(before)
})
