import { expect, test } from 'vitest'
import { everyPermission, open } from './clients.ts'
import { createWorld, harmless, kind } from './world.ts'

const day = 86_400_000
const start = Date.UTC(2026, 0, 1)
const iso = (time: number) => new Date(time).toISOString()
const week = { startTime: iso(start), endTime: iso(start + 7 * day) }

function setUp() {
  const world = createWorld(kind)
  const admin = world.user({ name: 'admin', permissions: everyPermission })
  const account = world.account()
  const act = ({ credentialUuid }: typeof account) =>
    world.signed({ as: account, method: 'PUT', path: harmless('').path, body: { credentialUuid } })
  const read = (query: Record<string, string>) =>
    world.raw({
      as: admin,
      method: 'GET',
      path: `/auth/action/logs?${new URLSearchParams(query).toString()}`,
    })
  return { ...world, admin, account, act, read }
}

test('the SDK cannot read the log as CSV, and reads it as the JSON string of its types', async () => {
  const world = await open()
  const admin = world.user({ name: 'admin', permissions: everyPermission })
  const { auth } = world.as(admin)
  const { credentialUuid } = admin
  await auth.activateCredential({ body: { credentialUuid } })
  await expect(auth.listAuditLogs({ query: week })).rejects.toThrow(SyntaxError)
  world.change({ auditLogBody: 'json' })
  const [header, row, rest] = (await auth.listAuditLogs({ query: week })).split('\n')
  expect(header).toBe('id,action,userId,username,datePerformed,firstFactorCredential.id')
  const [id = '', ...fields] = row?.split(',') ?? []
  const { userId, username } = admin
  const performed = [userId, username, iso(start), credentialUuid]
  expect([fields, rest]).toEqual([['PUT /auth/credentials/activate', ...performed], ''])

  const entry = await auth.getAuditLog({ id })
  expect(entry).toMatchObject({ id, userId, username, datePerformed: iso(start) })
  const { publicKey, assertion } = entry.firstFactorCredential
  expect(entry.firstFactorCredential).toMatchObject({ id: credentialUuid, kind: 'Key' })
  expect(publicKey).toBe(admin.publicKey)
  const clientData = Buffer.from(assertion?.clientData ?? '', 'base64url').toString()
  expect(JSON.parse(clientData)).toMatchObject({ type: 'key.get' })
  await expect(auth.getAuditLog({ id: 'lo-1' })).rejects.toMatchObject({ httpStatus: 404 })
})

test('the log has what was signed in the time and by the user that were asked for', async () => {
  const { account, act, read, pass, dfns } = setUp()
  const rows = async (query: Record<string, string>) => (await read(query)).body.trim().split('\n').length - 1
  await act(account)
  pass(60_000)
  await act(account)
  const [first = 0, second = 0] = [...dfns.state.logs.values()].map(({ at }) => at)
  expect(await rows(week)).toBe(2)
  expect(await rows({ startTime: iso(first), endTime: iso(second - 1) })).toBe(1)
  expect(await rows({ startTime: iso(first + 1), endTime: iso(second) })).toBe(1)
  expect(await rows({ ...week, userId: account.userId })).toBe(2)
  expect(await rows({ ...week, userId: 'us-1' })).toBe(0)
})

test('a signature that was never spent is not in the log', async () => {
  const { account, authoriseAction, dfns } = setUp()
  await authoriseAction({ as: account, ...harmless(account.credentialUuid) })
  expect(dfns.state.logs.size).toBe(0)
})

test.each([
  ['no start', { endTime: week.endTime }],
  ['no end', { startTime: week.startTime }],
  ['an end before the start', { startTime: week.endTime, endTime: week.startTime }],
  ['more than seven days', { ...week, endTime: iso(start + 7 * day + 1) }],
])('a query with %s is refused', async (_, query) => {
  const { read } = setUp()
  expect((await read(query)).status).toBe(400)
  expect((await read(week)).status).toBe(200)
})

test('the log of another organisation is not shown', async () => {
  const { dfns, account, act, raw, read } = setUp()
  await act(account)
  const { orgId } = dfns.createOrganisation()
  const { publicKey } = account
  const stranger = dfns.createUser({ orgId, name: 'x', publicKey, permissions: everyPermission })
  const path = `/auth/action/logs?${new URLSearchParams(week).toString()}`
  const theirs = await raw({ as: stranger, method: 'GET', path })
  const [id = ''] = dfns.state.logs.keys()
  const detail = await raw({ as: stranger, method: 'GET', path: `/auth/action/logs/${id}` })
  expect(detail.status).toBe(404)
  expect([theirs.body.split('\n').length, (await read(week)).body.split('\n').length]).toEqual([2, 3])
})
