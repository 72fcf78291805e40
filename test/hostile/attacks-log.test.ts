import { describe, expect, test } from 'vitest'
import { newKey } from '../../sandbox/scene.ts'
import { findings, readOutput } from '../support/audits.ts'
import { hour } from '../support/graces.ts'
import { keep, worldOf } from '../support/kinds.ts'
import { arena, codeOf, invoke, isOneLine, put, rotationOf } from './arena.ts'

const at = arena({ dfnsSwitches: worldOf('replaced account') })

const metric = JSON.stringify({
  _aws: { Timestamp: 1, CloudWatchMetrics: [{ Namespace: 'dfns-rotator', Metrics: [{ Name: 'Findings' }] }] },
  Findings: 1_000,
  level: 'ERROR',
  message: 'finding',
})
const hostile = `x\r\n${metric}\n\u2028\u2029\u0085\u001b[2J\u009b0m\u0000","level":"ERROR","message":"forged","y":"`

/** Every line that was printed since: it has to be one JSON object, in which nothing is forged. */
function printedSince(start: Map<string, number>) {
  const { scene } = at()
  const lines = [...scene.sandbox.bundled].flatMap(([arn, { output }]) => output.slice(start.get(arn) ?? 0))
  const parsed = lines.filter((line) => !line.startsWith('{"connects"'))
  for (const line of parsed) isOneLine(line)
  return parsed.map((line) => JSON.parse(line) as Record<string, unknown>)
}

const now = () =>
  new Map([...at().scene.sandbox.bundled].map(([arn, { output }]) => [arn, output.length] as const))

describe('no name, id, tag or reply becomes a line, a field or a metric of its own', () => {
  test.each([
    ['as they are', hostile],
    ['of 60,000 characters', `${'n'.repeat(60_000)}${hostile}`],
  ])('names of an account, a permission, a policy and a key, %s', async (_, name) => {
    const { scene } = at()
    const { dfns } = scene
    const { orgId } = dfns.createOrganisation()
    const start = now()
    const mine = await keep({ scene, orgId, kind: 'replaced account', name: `mine-${orgId}` })
    const neighbour = dfns.createServiceAccount({ orgId, name, publicKey: newKey().publicKey })
    dfns.addCredential({ userId: neighbour.userId, name, publicKey: newKey().publicKey })
    dfns.addCredential({ userId: mine.userId, name, publicKey: newKey().publicKey })
    // A neighbour’s name, however long, is no reason for a rotation to stop.
    expect(await rotationOf({ scene }, mine.arn)).toBe('done')
    await scene.clock.advance(2 * hour)
    await findings({ scene })
    const printed = printedSince(start)
    expect(printed.filter((line) => line['message'] === 'forged')).toEqual([])
    expect(printed.flatMap((line) => ('_aws' in line ? [line['Findings']] : []))).not.toContain(1_000)
  })

  test('the token of a rotation, which whoever rotates may choose', async () => {
    const { scene } = at()
    const { arn } = await keep({ scene, kind: 'account', name: 'prod/token' })
    for (const token of [
      '{"_aws":{},"level":"ERROR"}, \\n\\u001b[2J',
      '"}\\r\\n{"level":"ERROR","message":"x"}',
    ]) {
      const start = now()
      const event = { Step: 'createSecret', SecretId: arn, ClientRequestToken: token.padEnd(40) }
      const { result } = await invoke({ scene }, 'rotate', event)
      expect(codeOf(result)).toBe('ERR_NOT_STAGED')
      const printed = printedSince(start)
      expect(printed.filter((line) => 'versionId' in line).map((line) => line['versionId'])).toContain(
        token.padEnd(40),
      )
      expect(printed.filter((line) => '_aws' in line)).toEqual([])
    }
  })

  test('tags, fields of a document, and what Dfns gives as the reason of a refusal', async () => {
    const { scene } = at()
    const { arn } = await keep({ scene, kind: 'account', name: 'prod/reason' })
    const start = now()
    const attempts = [
      () => put({ scene, arn, change: { [hostile]: hostile, [`${hostile}2`]: { deep: [hostile] } } }),
      () => put({ scene, arn, change: { kind: hostile } }),
      () => put({ scene, arn, change: { orgId: hostile, credId: hostile, username: hostile } }),
      () => put({ scene, arn, change: { signerArn: `${arn}${hostile}`, baseUrl: `https://${hostile}` } }),
      () =>
        scene.secretsManager('TagResource', {
          SecretId: arn,
          Tags: [{ Key: `dfns-rotator:${'k'.repeat(100)}`, Value: 'x@"}{' }],
        }),
    ]
    for (const attempt of attempts) {
      await attempt()
      for (const Step of ['createSecret', 'testSecret'])
        await invoke({ scene }, 'rotate', { Step, SecretId: arn, ClientRequestToken: 'a'.repeat(32) })
      await invoke({ scene }, 'audit', {})
    }
    const body = JSON.stringify({ error: { message: hostile }, message: hostile })
    const headers = { 'content-type': 'application/json', 'x-request-id': 'x', 'retry-after': '0' }
    scene.sandbox.wire.plan = ({ service }) =>
      service === 'dfns' ? { reply: { status: 400, headers, body } } : undefined
    await invoke({ scene }, 'audit', {})
    scene.sandbox.wire.plan = undefined
    const printed = printedSince(start)
    expect(printed.length).toBeGreaterThan(20)
    expect(printed.filter((line) => line['message'] === 'forged')).toEqual([])
    const output = scene.sandbox.bundled.get(scene.auditArn)?.output ?? []
    // Counts each metric against the findings that were logged.
    readOutput(output.slice(start.get(scene.auditArn) ?? 0))
  })

  test('an event of a megabyte: its fields are named, and none is repeated', async () => {
    const { scene } = at()
    const start = now()
    const long = hostile.repeat(3_000)
    const events = [
      { Step: long, SecretId: long, ClientRequestToken: long, RotationToken: long },
      {
        v: 1,
        secretArn: long,
        kind: long,
        superseded: long,
        promoted: long,
        what: { credentialUuids: [long] },
      },
      { after: long, since: long, [long]: long },
    ]
    for (const event of events)
      for (const name of ['rotate', 'retire'] as const)
        expect(codeOf((await invoke({ scene }, name, event)).result)).toBe('ERR_EVENT_INVALID')
    expect(codeOf((await invoke({ scene }, 'audit', events[2])).result)).toBe('ERR_EVENT_INVALID')
    const printed = printedSince(start)
    expect(JSON.stringify(printed)).not.toContain('forged')
    for (const line of printed) expect(JSON.stringify(line).length).toBeLessThan(10_000)
  })
})
