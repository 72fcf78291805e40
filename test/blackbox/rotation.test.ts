import { createPrivateKey } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { selfRotation, type Switches } from '../../sandbox/dfns/switches.ts'
import { type Account, type AccountAlgorithm, guideWorld, newKey, type Scene } from '../../sandbox/scene.ts'
import { currentAuthenticates } from '../support/checkers.ts'
import { watchedScene } from '../support/scene.ts'

interface Stage {
  readonly scene: Scene
  readonly account: Account
  readonly arn: string
}

type StageOptions = Parameters<typeof watchedScene>[0] & {
  algorithm?: AccountAlgorithm
  tags?: Record<string, string>
  fields?: (account: Account) => object
}

/** An account whose key a secret holds, with rotation turned on. */
async function stage({
  algorithm,
  tags = {},
  fields = () => ({}),
  ...options
}: StageOptions = {}): Promise<Stage> {
  const scene = await watchedScene({ dfnsSwitches: guideWorld, ...options })
  const { orgId } = scene.dfns.createOrganisation()
  const account = scene.openAccount({ orgId, name: 'payments', ...(algorithm && { algorithm }) })
  const document = { ...account.document, ...fields(account) }
  const arn = await scene.keepSecret({ name: 'prod/dfns', document, tags })
  return { scene, account, arn }
}

const world = (switches: Partial<Switches>) => ({ dfnsSwitches: { ...guideWorld, ...switches } })

const ended = ({ scene }: Stage) =>
  scene.sandbox.engine.progress.items.filter(({ type }) => type === 'step-ended')
const outcomes = (staged: Stage) =>
  ended(staged).map((item) =>
    item.type === 'step-ended' && !item.ok ? `${item.step} ${item.errorType}` : item.step,
  )

const activeIds = ({ scene, account }: Stage) =>
  scene.dfns
    .credentials({ userId: account.userId })
    .filter(({ isActive }) => isActive)
    .map(({ credentialId }) => credentialId)

/**
 * The rotation came to its end: AWSCURRENT has a new key, which signs, and no other key of ours is active.
 */
async function expectRotated(staged: Stage, times = 1): Promise<void> {
  const { scene, account, arn } = staged
  const current = await scene.documentOf(arn, 'AWSCURRENT')
  expect(outcomes(staged).filter((step) => step === 'finishSecret')).toHaveLength(times)
  expect(current.credId).not.toBe(account.credId)
  expect(await scene.signingStatus(current)).toBe(200)
  expect(await scene.signingStatus(account.document)).toBe(401)
  expect(activeIds(staged)).toEqual([current.credId])
}

/** Nothing was made, changed or moved. */
async function expectUntouched(staged: Stage): Promise<void> {
  const { scene, account, arn } = staged
  expect(await scene.documentOf(arn, 'AWSCURRENT')).toMatchObject(account.document)
  const effects = scene.dfns
    .effects({ userId: account.userId })
    .filter(({ kind }) => kind.startsWith('credential'))
  expect(effects).toHaveLength(1)
  expect(currentAuthenticates(scene, arn)).toBe(true)
}

describe('a rotation replaces the key and keeps everything else', () => {
  test.each(['Ed25519', 'P-256', 'secp256k1', 'RSA-2048', 'RSA-3072'] as const)(
    'with a key of %s',
    async (algorithm) => {
      const staged = await stage({ algorithm })
      await staged.scene.rotate(staged.arn)
      await expectRotated(staged)
      const { privateKey, ...rest } = await staged.scene.documentOf(staged.arn, 'AWSCURRENT')
      const { privateKey: old, credId: _replaced, ...before } = staged.account.document
      expect(rest).toMatchObject(before)
      const [is, was] = [createPrivateKey(privateKey), createPrivateKey(old)]
      expect(is.asymmetricKeyType).toBe(was.asymmetricKeyType)
      expect(is.asymmetricKeyDetails).toEqual(was.asymmetricKeyDetails)
      expect(is.equals(was)).toBe(false)
    },
  )

  test('and fields under names of the application follow, each in its own form', async () => {
    const staged = await stage({
      algorithm: 'P-256',
      fields: ({ document: { privateKey, credId } }) => ({
        DFNS_PRIVATE_KEY: privateKey.replaceAll('\n', '\\n'),
        DFNS_CRED_ID: credId,
        keyFile: Buffer.from(privateKey).toString('base64'),
        sec1: String(createPrivateKey(privateKey).export({ type: 'sec1', format: 'pem' })),
        team: { name: 'payments', oncall: [1, null, true] },
      }),
    })
    await staged.scene.rotate(staged.arn)
    await expectRotated(staged)
    const { privateKey, credId, ...fields } = await staged.scene.documentOf(staged.arn, 'AWSCURRENT')
    expect(fields).toMatchObject({
      DFNS_PRIVATE_KEY: privateKey.replaceAll('\n', '\\n'),
      DFNS_CRED_ID: credId,
      keyFile: Buffer.from(privateKey).toString('base64'),
      sec1: String(createPrivateKey(privateKey).export({ type: 'sec1', format: 'pem' })),
      team: { name: 'payments', oncall: [1, null, true] },
    })
  })

  test('to another algorithm where the tag says so', async () => {
    const staged = await stage({ algorithm: 'RSA-2048', tags: { 'dfns-rotator:key-algorithm': 'Ed25519' } })
    await staged.scene.rotate(staged.arn)
    await expectRotated(staged)
    const { privateKey } = await staged.scene.documentOf(staged.arn, 'AWSCURRENT')
    expect(createPrivateKey(privateKey).asymmetricKeyType).toBe('ed25519')
  })

  test('again and again', async () => {
    const staged = await stage({ tags: { 'dfns-rotator:strategy': 'self' } })
    await staged.scene.rotate(staged.arn)
    await staged.scene.rotate(staged.arn)
    await staged.scene.rotate(staged.arn)
    await expectRotated(staged, 3)
  })

  test("and no credential of somebody else's, nor of another rotated secret", async () => {
    const staged = await stage()
    const { scene, account, arn } = staged
    const { credId } = scene.dfns.addCredential({
      userId: account.userId,
      name: 'laptop',
      publicKey: newKey().publicKey,
    })
    const other = scene.openAccount({ orgId: account.document.orgId, name: 'other' })
    const otherArn = await scene.keepSecret({ name: 'other', document: other.document })
    await scene.rotate(otherArn)
    await scene.rotate(arn)
    expect(activeIds(staged).toSorted()).toEqual(
      [credId, (await scene.documentOf(arn, 'AWSCURRENT')).credId].toSorted(),
    )
  })
})

describe('a test rotation (RotateImmediately=false)', () => {
  test.each(['given', 'absent'] as const)(
    'passes on a copy of AWSCURRENT, its token being %s, and changes nothing',
    async (testToken) => {
      const staged = await stage({ engineSwitches: { testToken } })
      expect(outcomes(staged)).toEqual(['testSecret'])
      await expectUntouched(staged)
    },
  )

  test("asks createSecret's questions, and logs a line for each", async () => {
    const staged = await stage({ dfnsSwitches: { tokenDiesWithItsCredential: false } })
    const lines = [...staged.scene.sandbox.bundled.values()].flatMap(({ output }) =>
      output.map((line) => JSON.parse(line)),
    )
    const probes = lines.filter(({ message }) => message === 'probe')
    expect(probes.map(({ answer, code }) => code ?? answer)).toEqual([
      'yes',
      'ERR_NOT_ALLOWED',
      'ERR_CANNOT_RETIRE',
    ])
    expect(outcomes(staged)).toEqual(['testSecret'])
  })

  test('fails if Dfns does not accept the key of AWSCURRENT', async () => {
    const staged = await stage({ fields: () => ({ privateKey: newKey().privateKey }) })
    expect(outcomes(staged)).toEqual(['testSecret ERR_VERIFY'])
  })
})

describe('where this identity may not do it, the rotation stops in createSecret and nothing is made', () => {
  const { allAllowed, allRefused, allUnauthorised, createAllowedListRefused } = selfRotation
  test.each([
    ['nothing is allowed (403)', allRefused, 'ERR_NOT_ALLOWED'],
    ['nothing is allowed (401)', allUnauthorised, 'ERR_NOT_ALLOWED'],
    ['it may create but not list', createAllowedListRefused, 'ERR_CANNOT_RETIRE'],
    ['it may not activate', { ...allAllowed, activate: 403 }, 'ERR_CANNOT_RETIRE'],
    ['it may not even ask for a challenge', { ...allAllowed, init: 401 }, 'ERR_NOT_ALLOWED'],
  ] as const)('%s', async (_, selfRotation, code) => {
    const staged = await stage(world({ selfRotation }))
    await staged.scene.rotate(staged.arn)
    expect(outcomes(staged).at(-1)).toBe(`createSecret ${code}`)
    await expectUntouched(staged)
  })

  test('a token that nothing accepts is told apart', async () => {
    const staged = await stage()
    staged.scene.dfns.setTokenActive({ tokenId: staged.account.tokenId, isActive: false })
    await staged.scene.rotate(staged.arn)
    expect(outcomes(staged).at(-1)).toBe('createSecret ERR_TOKEN_EXPIRED')
  })

  test('an account that is not active is told apart', async () => {
    const staged = await stage()
    staged.scene.dfns.setIdentityActive({ userId: staged.account.userId, isActive: false })
    await staged.scene.rotate(staged.arn)
    expect(outcomes(staged).at(-1)).toMatch(/^createSecret ERR_(TOKEN_EXPIRED|DFNS_RESPONSE)$/)
  })

  test('an approval that would be needed is an error of its own', async () => {
    const staged = await stage(world({ approval: { create: false, activate: true, deactivate: true } }))
    await staged.scene.rotate(staged.arn)
    expect(outcomes(staged).at(-1)).toBe('createSecret ERR_APPROVAL_PENDING')
    await expectUntouched(staged)
  })
})

describe('whatever Dfns leaves open, a rotation comes to its end', () => {
  const worlds: Record<string, Partial<Switches>> = {
    'allowCredentials names uuids': { allowCredentialsId: 'credentialUuid' },
    'deactivated credentials are hidden': { allowCredentialsInactive: 'hidden' },
    'the list shows PEMs': { listPublicKey: 'pem' },
    'the list shows fingerprints': { listPublicKey: 'fingerprint' },
    'a fresh credential is listed and accepted late': { listLag: 3, acceptanceLag: 3 },
    'ids need not be unique': { duplicateCredId: 'allow', keyReuse: 'allow' },
    'empty payloads are exact': { emptyPayload: 'exact' },
    'signed paths are bare': { signedPath: 'path' },
    'user actions live for a second': { userActionTtl: 1_000 },
  }
  test.each(Object.entries(worlds))('%s', async (_, switches) => {
    const staged = await stage(world(switches))
    await staged.scene.rotate(staged.arn)
    await expectRotated(staged)
  })

  test('a token that dies with its credential is given its credential back, and the rotation says so', async () => {
    const staged = await stage(world({ tokenDiesWithItsCredential: true }))
    const { scene, account, arn } = staged
    await scene.rotate(arn)
    expect(outcomes(staged).at(-1)).toBe('finishSecret ERR_RETIRE_UNDONE')
    const current = await scene.documentOf(arn, 'AWSCURRENT')
    expect(current.credId).not.toBe(account.credId)
    expect(await scene.signingStatus(current)).toBe(200)
    expect(activeIds(staged).toSorted()).toEqual([account.credId, current.credId].toSorted())
  })
})

describe('whatever Secrets Manager leaves open, a rotation comes to its end', () => {
  test.each([
    ['AWSPENDING stays after success', { engineSwitches: { clearsPending: false } }],
    ['AWSPENDING goes with the move', { vaultSwitches: { leftoverPending: 'dropped' } }],
    ['a retry resumes at the step that failed', { engineSwitches: { resumesFrom: 'failedStep' } }],
  ] as const)('%s', async (_, options) => {
    const staged = await stage(options)
    const { scene, arn } = staged
    let lost = 0
    scene.sandbox.wire.plan = ({ operation }) =>
      operation === 'PUT /auth/credentials/deactivate' && lost++ < 8 ? 'lost-before' : undefined
    await scene.rotate(arn)
    expect(outcomes(staged).at(-1)).toBe('finishSecret ERR_DFNS_UNAVAILABLE')
    await scene.clock.advance(3_600_000)
    await expectRotated(staged)
    await scene.rotate(arn)
    await expectRotated(staged, 2)
  })

  test.each([1, 2, 5])('%i reads after each write are stale', async (staleReads) => {
    const staged = await stage()
    staged.scene.sandbox.vault.staleReads = staleReads
    await staged.scene.rotate(staged.arn)
    await staged.scene.clock.advance(3_600_000)
    staged.scene.sandbox.vault.staleReads = 0
    await expectRotated(staged)
  })
})

describe('a failing Dfns does not end a rotation', () => {
  const reply = (status: number, body: string, headers = {}) => ({ reply: { status, body, headers } })
  test.each([
    ['503 in HTML', reply(503, '<html>Bad Gateway</html>')],
    ['500 with nothing', reply(500, '')],
    ['429 that says when', reply(429, '{"error":{"message":"slow down"}}', { 'retry-after': '0' })],
    ['500 in the oldest shape', reply(500, '{"message":"no","details":{"kind":"x"}}')],
    ['a broken connection', 'lost-before'],
  ] as const)('every fifth request is answered by %s', async (_, fault) => {
    const staged = await stage()
    let asked = 0
    staged.scene.sandbox.wire.plan = ({ service }) =>
      service === 'dfns' && asked++ % 5 === 4 ? fault : undefined
    await staged.scene.rotate(staged.arn)
    await staged.scene.clock.advance(3 * 3_600_000)
    await expectRotated(staged)
  })

  test('a lost reply of Create Credential costs no second credential, and no second attempt', async () => {
    const staged = await stage(world({ duplicateCredId: 'allow', keyReuse: 'allow' }))
    let lost = false
    staged.scene.sandbox.wire.plan = ({ operation }) => {
      if (lost || operation !== 'POST /auth/credentials') return undefined
      lost = true
      return 'lost-after'
    }
    await staged.scene.rotate(staged.arn)
    await expectRotated(staged)
    expect(staged.scene.dfns.credentials({ userId: staged.account.userId })).toHaveLength(2)
  })
})

describe('AWSCURRENT changed by hand while a rotation is under way is never overwritten', () => {
  const token = 'd'.repeat(32)

  /** Runs the steps before finishSecret, changes AWSCURRENT, and finishes. */
  async function finishAfter({ change, laterMs }: { change: (staged: Stage) => object; laterMs: number }) {
    const staged = await stage()
    const { scene, arn } = staged
    const rotate = scene.sandbox.bundled.get(scene.functionArn)
    const secret = scene.sandbox.vault.find(arn)
    scene.sandbox.vault.put({ secret, token, labels: ['AWSPENDING'] })
    const event = { SecretId: arn, ClientRequestToken: token }
    for (const Step of ['createSecret', 'setSecret', 'testSecret'])
      expect(await rotate?.invoke({ ...event, Step })).toMatchObject({ ok: true })
    await scene.clock.advance(laterMs)
    const changed = JSON.stringify({ ...staged.account.document, ...change(staged) })
    const value = { SecretString: changed }
    scene.sandbox.vault.put({ secret, token: 'e'.repeat(32), labels: ['AWSCURRENT'], value })
    // A put ends the rotation only after a while; until then AWSPENDING stands.
    secret.versions.get(token)?.labels.add('AWSPENDING')
    const result = await rotate?.invoke({ ...event, Step: 'finishSecret' })
    return { staged, result, changed }
  }

  test.each([
    // Within the same millisecond only the documents tell; a second later the dates do, too.
    ['a field of the owner', 0, () => ({ note: 'edited in the console' })],
    [
      'the token',
      0,
      ({ scene, account }: Stage) => ({
        authToken: scene.openAccount({ orgId: account.document.orgId, name: 'new' }).authToken,
      }),
    ],
    [
      'only key and id, by those of an emergency',
      1_000,
      ({ scene, account }: Stage) => {
        const { publicKey, privateKey } = newKey()
        return {
          privateKey,
          credId: scene.dfns.addCredential({ userId: account.userId, name: 'emergency', publicKey }).credId,
        }
      },
    ],
  ])('%s', async (_, laterMs, change) => {
    const { staged, result, changed } = await finishAfter({ change, laterMs })
    expect(result).toMatchObject({ ok: false, errorType: 'ERR_CURRENT_CHANGED' })
    expect(await staged.scene.documentOf(staged.arn, 'AWSCURRENT')).toEqual(JSON.parse(changed))
    expect(
      staged.scene.dfns.effects({ userId: staged.account.userId }).map(({ kind }) => kind),
    ).not.toContain('credential deactivated')
  })
})

describe('two invocations of one step at the same time do what one would', () => {
  test.each(['refuse', 'allow'] as const)(
    'where a second credential with the same id is: %s',
    async (duplicateCredId) => {
      const staged = await stage(world({ duplicateCredId, keyReuse: duplicateCredId }))
      const { scene, arn } = staged
      const rotate = scene.sandbox.bundled.get(scene.functionArn)
      const token = 'd'.repeat(32)
      scene.sandbox.vault.put({ secret: scene.sandbox.vault.find(arn), token, labels: ['AWSPENDING'] })
      for (const Step of ['createSecret', 'setSecret', 'testSecret', 'finishSecret']) {
        const event = { Step, SecretId: arn, ClientRequestToken: token }
        const results = await Promise.all([rotate?.invoke(event), rotate?.invoke(event)])
        expect(results).toMatchObject([{ ok: true }, { ok: true }])
      }
      const current = await scene.documentOf(arn, 'AWSCURRENT')
      expect(await scene.signingStatus(current)).toBe(200)
      expect(new Set(activeIds(staged))).toEqual(new Set([current.credId]))
    },
  )
})
