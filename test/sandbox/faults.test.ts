import { describe, expect, it } from 'vitest'
import { createWire } from '../../sandbox/faults.ts'
import type { Fault, WireRequest } from '../../sandbox/wire.ts'

const base = { operation: 'GetSecretValue', method: 'POST', path: '/', headers: {}, body: '' }
const aws: WireRequest = { ...base, service: 'secretsmanager' }
const dfns: WireRequest = { ...base, service: 'dfns', operation: 'GET /wallets', path: '/wallets' }

function createStage(fault?: Fault) {
  const trace: string[] = []
  const handler = ({ service }: WireRequest) => {
    trace.push(service)
    return { status: 201, body: 'done' }
  }
  const wire = createWire({
    handlers: { secretsmanager: handler, ssm: handler, dfns: handler },
    onKill: async () => {
      await Promise.resolve()
      trace.push('killed')
    },
  })
  wire.plan = fault && (() => fault)
  return { wire, trace }
}

describe('11: faults strike one request', () => {
  it.each([
    ['refused', aws, { status: 400, headers: { 'x-amzn-errortype': 'AccessDeniedException' } }, []],
    ['refused', dfns, { status: 403, body: expect.stringMatching(/^\{"error":\{"message":".+"\}\}$/) }, []],
    ['throttled', aws, { status: 400, headers: { 'x-amzn-errortype': 'ThrottlingException' } }, []],
    ['throttled', dfns, { status: 429, headers: { 'retry-after': '1' } }, []],
    [{ reply: { status: 418, body: 'tea' } }, aws, { status: 418, body: 'tea' }, []],
  ] as const)('%s of %o is answered without the service', async (fault, request, reply, trace) => {
    const stage = createStage(fault)
    expect(await stage.wire.dispatch(request)).toMatchObject(reply)
    expect(stage.trace).toEqual(trace)
    expect(stage.wire.calls).toEqual([{ index: 0, request, fault, status: reply.status }])
  })

  it.each([
    ['lost-before', [], undefined],
    ['lost-after', ['dfns'], 201],
    ['killed-before', ['killed'], undefined],
    ['killed-after', ['dfns', 'killed'], 201],
  ] as const)('%s breaks the connection', async (fault, trace, status) => {
    const stage = createStage(fault)
    expect(await stage.wire.dispatch(dfns)).toBe('broken')
    expect(stage.trace).toEqual(trace)
    expect(stage.wire.calls[0]?.status).toBe(status)
  })

  it('the plan sees the index over all services, and may be taken away', async () => {
    const { wire, trace } = createStage()
    const seen: number[] = []
    wire.plan = ({ index, operation }) => {
      seen.push(index)
      return operation === 'GET /wallets' ? 'lost-before' : undefined
    }
    const replies = [await wire.dispatch(aws), await wire.dispatch(dfns)]
    wire.plan = undefined
    replies.push(await wire.dispatch(dfns))
    expect(replies.map((reply) => (reply === 'broken' ? reply : reply.status))).toEqual([201, 'broken', 201])
    expect(seen).toEqual([0, 1])
    expect(trace).toEqual(['secretsmanager', 'dfns'])
    expect(wire.calls.map(({ index, fault }) => [index, fault])).toEqual([
      [0, undefined],
      [1, 'lost-before'],
      [2, undefined],
    ])
  })
})
