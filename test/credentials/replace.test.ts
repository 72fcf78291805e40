import { describe, expect, test } from 'vitest'
import { markIn, markOf, marked } from '../../lambdas/crypto/lineage.ts'
import { selfRotation } from '../../sandbox/dfns/switches.ts'
import { newKey } from '../../sandbox/scene.ts'
import { leaksIn, secretsOf } from '../support/leaks.ts'
import {
  errorOf,
  held,
  leave,
  lineage,
  type Options,
  type ReplacedKind,
  replacing,
  secretArn,
  striking,
} from './replacing.ts'

const kinds: readonly ReplacedKind[] = ['ServiceAccountKey', 'PersonalAccessTokenKey']
const byTag = (kind: ReplacedKind, options: Options = {}) =>
  replacing({ kind, strategy: 'replace', ...options })

describe.each(kinds)('%s is replaced', (kind) => {
  test('token, id and key change together, and the rest of the document does not', async () => {
    const { document, make, current } = await byTag(kind, { fields: { note: ['x', 'y'] } })
    const { document: successor } = await make()
    const { authToken, credId, privateKey, ...rest } = successor
    expect({ ...document, authToken, credId, privateKey }).toEqual(successor)
    expect(rest).toMatchObject({ note: ['x', 'y'] })
    expect([authToken, credId, privateKey]).not.toContain(document.authToken)
    expect(credId).not.toBe(current.id)
    expect(privateKey).not.toBe(document.privateKey)
  })

  test("the owner's fields that equal one of the three follow it", async () => {
    const { credential, read, document } = await byTag(kind)
    const own = { T: document.authToken, C: document.credId, K: document.privateKey }
    const current = read({ ...document, ...own }, 'AWSCURRENT')
    const { make } = await credential.create({ current, lineage, algorithm: 'same' })
    const { document: made } = await make()
    expect([made['T'], made['C'], made['K']]).toEqual([made['authToken'], made['credId'], made['privateKey']])
    expect(made['T']).not.toBe(own.T)
  })

  test('a field that merely contains the token stops it before anything is made', async () => {
    const { credential, read, document, others, world } = await byTag(kind)
    const current = read({ ...document, header: `Bearer ${document.authToken}` }, 'AWSCURRENT')
    const error = await errorOf(credential.create({ current, lineage, algorithm: 'same' }))
    expect(error).toMatchObject({ code: 'ERR_DOCUMENT', message: expect.stringContaining('header') })
    expect(others()).toEqual([])
    expect(world.requests()).toEqual([])
  })

  test('its key is waited for as long as no later attempt could, since each makes another', async () => {
    const { make, others } = await byTag(kind, { switches: { listLag: 4, acceptanceLag: 4 } })
    await make()
    expect(others()).toMatchObject([{ isActive: true }])
  })

  test('its successor is accepted, has its permissions, and is what the schedule does not name', async () => {
    const { rotate, idIn, permissionsOf, permissionId, oldId } = await byTag(kind)
    const { pending, what } = await rotate()
    expect(permissionsOf(idIn(pending))).toEqual([permissionId])
    const name = kind === 'ServiceAccountKey' ? 'serviceAccountId' : 'tokenId'
    expect(what).toEqual({ [name]: oldId })
  })

  test('the phases can be repeated and change nothing more', async () => {
    const { rotate, register, verify, dfns, others } = await byTag(kind)
    const { pending } = await rotate()
    const before = dfns.effects().filter(({ kind: effect }) => !effect.startsWith('user action')).length
    await register(pending)
    await verify(pending)
    const after = dfns.effects().filter(({ kind: effect }) => !effect.startsWith('user action')).length
    expect(after).toBe(before)
    expect(others()).toHaveLength(1)
  })

  test('whatever Dfns says of a new key and when, the id that it is accepted under is stored', async () => {
    for (const accessTokenCredId of ['empty', 'credentialUuid', 'credentialId'] as const) {
      for (const allowCredentialsId of ['credentialId', 'credentialUuid'] as const) {
        const switches = { userCredentialSignsForPat: true, accessTokenCredId, allowCredentialsId }
        const { rotate } = await byTag(kind, { switches: { ...switches, listLag: 3, acceptanceLag: 2 } })
        const { pending } = await rotate()
        expect(pending.id).not.toBe('')
      }
    }
  })

  test('the new one is named after the old one, with the mark, and lives as long', async () => {
    const { make, others, read } = await byTag(kind, { daysValid: 90 })
    const pending = read((await make()).document)
    const [made] = others()
    expect(made?.name).toMatch(/^payments dfns-rotator /)
    const { attempt: _, ...mark } = markOf(lineage)
    expect(markIn(made?.name ?? '')).toMatchObject(mark)
    const days = ((pending.tokenExpires?.getTime() ?? 0) - Date.UTC(2026, 0, 5)) / 86_400_000
    expect(Math.round(days)).toBe(90)
  })

  test('or as long as Dfns lets any live, where the old one was given more', async () => {
    const { make, read } = await byTag(kind, { daysValid: 900 })
    const { tokenExpires } = read((await make()).document)
    expect(Math.round(((tokenExpires?.getTime() ?? 0) - Date.UTC(2026, 0, 5)) / 86_400_000)).toBe(730)
  })

  test('a name that collides with archived ones is taken by none: each attempt has its own', async () => {
    const { make, others } = await byTag(kind, { switches: { archivedName: 'taken', patName: 'unique' } })
    await (await make()).discard()
    await (await make()).discard()
    expect(new Set(others().map(({ name }) => name)).size).toBe(2)
  })

  test('who loses the put removes its own object and no other', async () => {
    const { make, read, others, idIn, verify, register } = await byTag(kind)
    const [winner, loser] = await Promise.all([make(), make()])
    await loser.discard()
    const pending = read(winner.document)
    expect(others().filter(({ isActive }) => isActive)).toEqual([
      expect.objectContaining({ id: idIn(pending) }),
    ])
    await register(pending)
    await verify(pending)
  })

  test('twins never remove what the other has just made', async () => {
    const { make, others } = await byTag(kind)
    await make()
    await make()
    expect(others().map(({ isActive }) => isActive)).toEqual([true, true])
  })

  test('createSecret removes what an attempt of it left twenty minutes ago', async () => {
    const { make, others, time } = await byTag(kind)
    await make()
    await time.sleep(19 * 60_000)
    await make()
    expect(others().map(({ isActive }) => isActive)).toEqual([true, true])
    await time.sleep(2 * 60_000)
    await make().catch(() => undefined)
    expect(others()[0]).toMatchObject({ isActive: false })
  })

  test('setSecret removes what other attempts made, and nothing of other rotations or people', async () => {
    const { make, read, register, others, idIn, dfns, signer, world } = await byTag(kind)
    const add = (name: string) => {
      const { publicKey } = newKey()
      const { orgId } = world
      return kind === 'ServiceAccountKey'
        ? dfns.createServiceAccount({ orgId, name, publicKey }).userId
        : dfns.createPersonalAccessToken({ userId: signer.userId, name, publicKey }).tokenId
    }
    const nameOf = (of: { secretArn: string; token: string }) =>
      marked({ text: 'x', with: markOf(of), longest: 128 })
    const strangers = [
      add('reports'),
      add(nameOf({ secretArn: `${secretArn}x`, token: lineage.token })),
      add(nameOf({ secretArn, token: 'b'.repeat(32) })),
    ]
    const stray = add(nameOf(lineage))
    const pending = read((await make()).document)
    await register(pending)
    const active = others().filter(({ isActive }) => isActive)
    expect(active.map(({ id }) => id).toSorted()).toEqual([...strangers, idIn(pending)].toSorted())
    expect(others().find(({ id }) => id === stray)).toMatchObject({ isActive: false })
  })

  test('a removal that is refused or waits for approval holds nothing up', async () => {
    const action = kind === 'ServiceAccountKey' ? 'deactivateServiceAccount' : 'deactivatePersonalAccessToken'
    const { make, read, register, verify, others, dfns, world } = await byTag(kind)
    await make()
    const pending = read((await make()).document)
    world.change({ approval: { ...held, [action]: true } })
    await register(pending)
    await register(pending)
    await verify(pending)
    expect(others().every(({ isActive }) => isActive)).toBe(true)
    expect(dfns.approvals({ orgId: world.orgId })).toHaveLength(1)
  })

  test('a creation whose reply is lost is not repeated, and leaves a marked stray that goes later', async () => {
    const { make, read, register, others, world, count, creation } = await byTag(kind)
    world.wire.plan = striking(creation, 'lost-after')
    expect(await errorOf(make())).toMatchObject({ code: 'ERR_DFNS_UNAVAILABLE', retryable: true })
    expect(count(creation)).toBe(1)
    expect(others()).toEqual([expect.objectContaining({ isActive: true })])
    const pending = read((await make()).document)
    await register(pending)
    expect(others().map(({ isActive }) => isActive)).toEqual([false, true])
  })

  test('one whose key is never accepted is removed again by who made it', async () => {
    const { make, others } = await byTag(kind, { switches: { acceptanceLag: 1_000 } })
    const error = await errorOf(make())
    expect(error).toMatchObject({ code: 'ERR_VERIFY', retryable: true })
    expect(others()).toEqual([expect.objectContaining({ isActive: false })])
  })

  test('verify fails on a permission that is missing, and names it', async () => {
    const { rotate, verify, assign } = await byTag(kind)
    const { pending } = await rotate()
    const later = assign('Keys:Read')
    const error = await errorOf(verify(pending))
    expect(error).toMatchObject({ code: 'ERR_VERIFY', message: expect.stringContaining(later) })
  })

  test('a key that Dfns does not accept is not traded for a new identity', async () => {
    const { credential, read, document, others } = await byTag(kind)
    const current = read({ ...document, privateKey: newKey().privateKey }, 'AWSCURRENT')
    const probes = await credential.probe({ current })
    expect(probes.map(({ failure }) => failure?.code)).toContain('ERR_VERIFY')
    expect(others()).toEqual([])
  })

  test('an expired token is replaced, since the tag says so', async () => {
    const { make, current } = await byTag(kind, { daysValid: -1 })
    expect(current.tokenExpires?.getTime()).toBeLessThan(Date.UTC(2026, 0, 5))
    expect((await make()).document['authToken']).not.toBe(current.identity.authToken)
  })

  test('the old one is deactivated, which can be undone, by another attempt, too', async () => {
    const { rotate, retirement, isOldActive, oldId, others } = await byTag(kind)
    const after = await rotate()
    const first = await retirement(after)
    await first.perform()
    await first.prove()
    await first.confirm()
    expect(isOldActive()).toBe(false)
    const second = await retirement(after)
    await second.perform()
    expect([second.ids, second.isBegun()]).toEqual([[oldId], true])
    await second.undo()
    expect(isOldActive()).toBe(true)
    expect(others()).toEqual([expect.objectContaining({ isActive: true })])
  })

  test('the old one is never deactivated by an identity that is not accepted', async () => {
    const { rotate, retirement, isOldActive, dfns } = await byTag(kind)
    const after = await rotate()
    const deactivation = await retirement(after)
    const { credentialUuid = '' } = dfns.credentials({ userId: after.pending.userId ?? '' }).at(-1) ?? {}
    dfns.setCredentialActive({ credentialUuid, isActive: false })
    expect(await errorOf(deactivation.perform())).toMatchObject({ code: 'ERR_VERIFY' })
    expect(isOldActive()).toBe(true)
  })

  test('AWSCURRENT itself is never retired, whatever a schedule says', async () => {
    const { retirement, current, what } = await byTag(kind).then(async (scene) => ({
      ...scene,
      ...(await scene.rotate()),
    }))
    const error = await errorOf(retirement({ pending: current, what }))
    expect(error.code).toBe('ERR_RETIRE_REFUSED')
  })

  test('one that somebody put into the secret by hand retires no other', async () => {
    const { credential, current, read, document, world, dfns, signer } = await byTag(kind)
    const { publicKey, privateKey } = newKey()
    const name = 'by hand'
    const { authToken, credId } =
      kind === 'ServiceAccountKey'
        ? dfns.createServiceAccount({ orgId: world.orgId, name, publicKey })
        : dfns.createPersonalAccessToken({ userId: signer.userId, name, publicKey })
    const pending = read({ ...document, authToken, credId, privateKey }, 'AWSCURRENT')
    expect(await credential.whatOf({ superseded: current, pending })).toEqual({ credentialUuids: [] })
  })

  test('another identity is retired where the schedule names that very one', async () => {
    const { rotate, credential, current: superseded } = await byTag(kind)
    const { pending: current, what } = await rotate()
    const versions = { current, superseded: superseded.fields, on: 'version v1', what }
    expect(() => credential.assertSameIdentity(versions)).not.toThrow()
  })

  test('one whose version is gone is known by the mark in its name, or left alone', async () => {
    const { rotate, credential, current, idIn } = await byTag(kind)
    const { pending, what } = await rotate()
    const error = await errorOf(credential.idOf({ current: pending, what }))
    expect(error).toMatchObject({ code: 'ERR_RETIRE_REFUSED', message: expect.stringContaining('lineage') })
    const ours =
      kind === 'ServiceAccountKey' ? { serviceAccountId: idIn(pending) } : { tokenId: idIn(pending) }
    expect(await credential.idOf({ current, what: ours })).toBe(idIn(pending))
  })

  test('no error tells a key or a token, whatever Dfns repeats of a request', async () => {
    const all = async (scene: Awaited<ReturnType<typeof replacing>>) => {
      const deactivation = await scene.retirement(await scene.rotate())
      await deactivation.perform()
      await deactivation.undo()
    }
    const clean = await byTag(kind)
    await all(clean)
    const templateOf = (operation: string) => operation.replaceAll(/\b(us|to|pm)-[\w-]+/g, '*')
    const templates = new Set(clean.world.requests().map(templateOf))
    let failed = 0
    for (const template of templates) {
      const scene = await byTag(kind)
      scene.world.wire.plan = ({ operation, headers, body }) =>
        templateOf(operation) === template
          ? {
              reply: {
                status: 403,
                body: JSON.stringify({ error: { message: JSON.stringify({ headers, body }) } }),
              },
            }
          : undefined
      const error = await all(scene).catch((reason: unknown) => reason)
      if (!(error instanceof Error)) continue
      failed += 1
      const documents = [
        JSON.stringify(scene.document),
        scene.world.secrets.get(scene.document.signerArn) ?? '',
      ]
      const secrets = secretsOf({ calls: scene.world.wire.calls, documents })
      expect(leaksIn(`${error.message} ${error.stack}`, secrets)).toEqual([])
    }
    expect(failed).toBeGreaterThan(5)
  })
})

describe('who is replaced', () => {
  test('under auto a service account that may not register its own key', async () => {
    const { make, document } = await replacing()
    expect((await make()).document['authToken']).not.toBe(document.authToken)
  })

  test.each(['init', 'list', 'activate'] as const)(
    'also where only %s is refused to it',
    async (endpoint) => {
      const switches = { selfRotation: { ...selfRotation.allAllowed, [endpoint]: 403 as const } }
      const { make, document } = await replacing({ switches })
      expect((await make()).document['authToken']).not.toBe(document.authToken)
    },
  )

  test('not one that may', async () => {
    const { make, document, others } = await replacing({
      switches: { selfRotation: selfRotation.allAllowed },
    })
    const { document: made } = await make()
    expect(made['authToken']).toBe(document.authToken)
    expect(others()).toEqual([])
  })

  test('not one whose credId is wrong, which is no refusal', async () => {
    const { credential, read, document, others } = await replacing({
      switches: { selfRotation: selfRotation.allAllowed },
    })
    const current = read({ ...document, credId: 'Y2ktd3Jvbmc' }, 'AWSCURRENT')
    const failures = (await credential.probe({ current })).flatMap(({ failure }) => failure?.code ?? [])
    expect(failures).toEqual(['ERR_CANNOT_RETIRE'])
    expect(others()).toEqual([])
  })

  test('not one whose token has expired, without the tag', async () => {
    const { make, others } = await replacing({ daysValid: -1 })
    expect(await errorOf(make())).toMatchObject({ code: 'ERR_TOKEN_EXPIRED' })
    expect(await errorOf(make(true))).toMatchObject({ code: 'ERR_TOKEN_EXPIRED' })
    expect(others()).toEqual([])
  })

  test('not one that was deactivated, with the tag either: somebody did that on purpose', async () => {
    const { make, dfns, current, others } = await byTag('ServiceAccountKey')
    dfns.setIdentityActive({ userId: current.userId ?? '', isActive: false })
    expect(await errorOf(make())).toMatchObject({ code: 'ERR_TOKEN_EXPIRED' })
    expect(others()).toEqual([])
  })

  test('not a personal access token without the tag', async () => {
    const { make, others } = await replacing({ kind: 'PersonalAccessTokenKey' })
    await errorOf(make())
    expect(others()).toEqual([])
  })

  test('one that may register its key, too, if its token ends before another rotation is over', async () => {
    const switches = { selfRotation: selfRotation.allAllowed }
    const account = await replacing({ switches })
    expect((await account.make(true)).document['authToken']).not.toBe(account.document.authToken)
    const pat = await replacing({ switches, kind: 'PersonalAccessTokenKey' })
    const draft = { current: pat.current, lineage, algorithm: 'same', isTokenExpiring: true } as const
    expect((await pat.credential.create(draft)).renewsToken).toBe(false)
  })

  test('decided once: later phases read it from the pending document, whatever Dfns says by then', async () => {
    const { make, read, register, verify, credential, current, world, document } = await replacing()
    const pending = read((await make()).document)
    world.change({ selfRotation: selfRotation.allAllowed })
    await register(pending)
    await verify(pending)
    expect(() => credential.assertFollows({ current, pending })).not.toThrow()
    expect(await credential.whatOf({ superseded: current, pending })).toEqual({
      serviceAccountId: current.userId,
    })
    expect(world.requests()).not.toContain('POST /auth/credentials')
    expect(pending.identity.authToken).not.toBe(document.authToken)
  })

  test('decided once: a key that was drafted for the same identity is registered there, or nowhere', async () => {
    const switches = { selfRotation: selfRotation.allAllowed }
    const { make, read, register, world, others } = await replacing({ switches })
    const pending = read((await make()).document)
    world.change({ selfRotation: selfRotation.allRefused })
    expect(await errorOf(register(pending))).toMatchObject({ code: 'ERR_NOT_ALLOWED' })
    expect(others()).toEqual([])
  })

  test('another token beside an id of our lineage is an edit, and is not overwritten', async () => {
    const switches = { selfRotation: selfRotation.allAllowed }
    const { make, read, credential, document, dfns, world } = await replacing({ switches })
    const pending = read((await make()).document)
    const { publicKey } = newKey()
    const { authToken } = dfns.createServiceAccount({ orgId: world.orgId, name: 'new', publicKey })
    const current = read({ ...document, authToken }, 'AWSCURRENT')
    expect(() => credential.assertFollows({ current, pending })).toThrow('authToken')
  })
})

describe('who deactivates a service account that was replaced', () => {
  /** The retirement of one that had these permissions, and whose token each of its requests was made with. */
  const retired = async (...permissions: string[]) => {
    const scene = await byTag('ServiceAccountKey')
    if (permissions.length > 0) scene.assign(...permissions)
    const after = await scene.rotate()
    const begun = scene.world.wire.calls.length
    const isOwn = ({ headers }: { headers: Readonly<Record<string, string>> }) =>
      headers['authorization'] === `Bearer ${after.pending.identity.authToken as string}`
    const retire = async () => {
      const deactivation = await scene.retirement(after)
      await deactivation.perform()
      await deactivation.prove()
      await deactivation.confirm()
    }
    const asked = (operation: string) =>
      scene.world.wire.calls
        .slice(begun)
        .filter(({ request }) => request.operation === operation)
        .map(({ request }) => (isOwn(request) ? 'own' : 'signer'))
    const [list, deactivate] = [
      'GET /auth/service-accounts',
      `PUT /auth/service-accounts/${scene.oldId}/deactivate`,
    ]
    return { ...scene, retire, asked, list, deactivate }
  }

  test('its signer, where the new one may not look: that is asked once, and for nothing else', async () => {
    const { retire, asked, list, deactivate, isOldActive } = await retired()
    await retire()
    expect(asked(list)).toEqual(['own', 'signer', 'signer'])
    expect(asked(deactivate)).toEqual(['signer'])
    expect(isOldActive()).toBe(false)
  })

  test('its signer, where the new one may look and no more', async () => {
    const { retire, asked, list, deactivate, isOldActive } = await retired('Auth:ServiceAccounts:Read')
    await retire()
    expect(asked(list)).toEqual(['own', 'signer'])
    expect(asked(deactivate)).toEqual(['own', 'signer'])
    expect(isOldActive()).toBe(false)
  })

  test('the new one alone, where it may do both: its signer is not even read', async () => {
    const may = ['Auth:ServiceAccounts:Read', 'Auth:ServiceAccounts:Deactivate']
    const { retire, asked, list, deactivate, isOldActive, world, document } = await retired(...may)
    world.secrets.delete(document.signerArn)
    await retire()
    expect([asked(list), asked(deactivate)]).toEqual([['own', 'own'], ['own']])
    expect(isOldActive()).toBe(false)
  })

  test.each([[[]], [['Auth:ServiceAccounts:Read']]])(
    'nobody, where both are refused: it is the signer that is told of (%j)',
    async (may) => {
      const { retire, asked, deactivate, isOldActive, world } = await retired(...may)
      world.wire.plan = striking(deactivate, { reply: { status: 403, body: '{}' } }, 2)
      const error = await errorOf(retire())
      expect(error).toMatchObject({ code: 'ERR_CANNOT_RETIRE', message: expect.stringContaining('signer') })
      expect(asked(deactivate).toSorted()).toEqual(['own', 'signer'])
      expect(isOldActive()).toBe(true)
    },
  )
})

test.each([undefined, { serviceAccountId: 'us-other' }, { credentialUuids: ['cr-1'] }])(
  'an older version of another account is not retired by a schedule that names %j',
  async (what) => {
    const { rotate, credential, current: superseded } = await byTag('ServiceAccountKey')
    const { pending: current } = await rotate()
    const versions = { current, superseded: superseded.fields, on: 'version v1', ...(what && { what }) }
    expect(() => credential.assertSameIdentity(versions)).toThrow('another identity')
  },
)

describe('what stops a replacement before anything is made', () => {
  const stopped = async (scene: Awaited<ReturnType<typeof replacing>>) => {
    const error = await errorOf(scene.make())
    expect(scene.others()).toEqual([])
    expect(scene.count(scene.creation)).toBe(0)
    return error
  }

  test('no signerArn', async () => {
    const { credential, read, document } = await byTag('ServiceAccountKey')
    const { signerArn: _, ...unsigned } = document
    const current = read(unsigned, 'AWSCURRENT')
    const error = await errorOf(credential.create({ current, lineage, algorithm: 'same' }))
    expect(error.code).toBe('ERR_SIGNER')
  })

  test('a policy that names the old account as an approver: it is listed', async () => {
    const scene = await replacing()
    const policy = { orgId: scene.world.orgId, name: 'Payouts', activityKind: 'Wallets:Sign' }
    const approverUserIds = [scene.current.userId ?? '']
    const { policyId } = scene.dfns.addPolicy({ ...policy, approverUserIds })
    const error = await stopped(scene)
    expect(error).toMatchObject({ code: 'ERR_NOT_ALLOWED', message: expect.stringContaining(policyId) })
  })

  test('not a policy that is archived, or names others', async () => {
    const scene = await replacing()
    const policy = { orgId: scene.world.orgId, activityKind: 'Wallets:Sign' }
    scene.dfns.addPolicy({ ...policy, name: 'a', approverUserIds: ['us-other'] })
    const approverUserIds = [scene.current.userId ?? '']
    scene.dfns.addPolicy({ ...policy, name: 'b', approverUserIds, status: 'Archived' })
    await expect(scene.make()).resolves.toBeDefined()
  })

  test.each(leave.filter((one) => !/Pats|Activate|Approvals|Assignments/.test(one)))(
    'a signer without %s',
    async (missing) => {
      const scene = await replacing({ signerMay: leave.filter((one) => one !== missing) })
      expect(await stopped(scene)).toMatchObject({ code: 'ERR_SIGNER' })
    },
  )

  const permissionsAre = (scene: Awaited<ReturnType<typeof replacing>>, operations: readonly string[]) => {
    const items = [...scene.dfns.state.permissions.values()].map(({ permissionId: id, name }) => ({
      id,
      name,
      operations,
    }))
    scene.world.wire.plan = ({ operation }) =>
      operation === 'GET /permissions'
        ? { reply: { status: 200, body: JSON.stringify({ items }) } }
        : undefined
  }

  test('not a signer whose rights no permission names: Dfns tells', async () => {
    const scene = await replacing()
    permissionsAre(scene, ['Wallets:Read'])
    await expect(scene.make()).resolves.toBeDefined()
  })

  test.each(['*', 'Auth:*', 'Auth:ServiceAccounts:*'])(
    'a signer that was not given a permission for %s',
    async (operations) => {
      const scene = await replacing()
      permissionsAre(scene, [operations])
      const nobody = { reply: { status: 200, body: '{"items":[]}' } }
      const { plan } = scene.world.wire
      scene.world.wire.plan = (call) => (call.operation.endsWith('/assignments') ? nobody : plan?.(call))
      expect(await stopped(scene)).toMatchObject({ code: 'ERR_SIGNER' })
    },
  )

  test('not a signer that may not deactivate, where the account may do so itself', async () => {
    const scene = await replacing({ signerMay: leave.filter((one) => !one.endsWith(':Deactivate')) })
    scene.assign('Auth:ServiceAccounts:Deactivate')
    const after = await scene.rotate()
    await (await scene.retirement(after)).perform()
    expect(scene.isOldActive()).toBe(false)
  })

  test('what cannot be told without an effect is said, and stops nothing', async () => {
    const scene = await replacing({ signerMay: leave.filter((one) => !one.includes('Assignments')) })
    const probes = await scene.credential.probe({ current: scene.current })
    expect(probes.flatMap(({ failure }) => failure ?? [])).toEqual([])
    expect(probes.filter(({ unknown }) => unknown !== undefined).length).toBeGreaterThan(0)
  })

  test('a signer that is another user than the one of the personal access token', async () => {
    const scene = await byTag('PersonalAccessTokenKey')
    const { publicKey, privateKey } = newKey()
    const { orgId } = scene.world
    const other = scene.dfns.createUser({ orgId, name: 'other', publicKey, permissions: leave })
    const { username, credId } = other
    const { baseUrl } = scene.document
    const text = JSON.stringify({ kind: 'UserKey', baseUrl, orgId, username, credId, privateKey })
    scene.world.secrets.set(scene.document.signerArn, text)
    expect(await stopped(scene)).toMatchObject({ code: 'ERR_SIGNER' })
  })

  test('Dfns being away, which may pass', async () => {
    const scene = await byTag('ServiceAccountKey')
    scene.world.wire.plan = () => ({ reply: { status: 503, body: '<html>' } })
    expect(await stopped(scene)).toMatchObject({ retryable: true })
  })
})
