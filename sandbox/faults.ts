import type { CallRecord, Fault, FaultPlan, WireHandler, WireRequest, WireResponse } from './wire.ts'

/** What reaches the caller: a reply, or a connection that breaks. */
export type Dispatched = WireResponse | 'broken'

/** All services behind one door, where every request is counted, recorded, and perhaps struck by a fault. */
export interface Wire {
  /** In the order of arrival; a record is complete once its request has been answered. */
  readonly calls: readonly CallRecord[]
  /** May be set or taken away at any time. */
  plan?: FaultPlan | undefined
  dispatch(request: WireRequest): Promise<Dispatched>
}

type MutableRecord = { -readonly [Key in keyof CallRecord]: CallRecord[Key] }

type Handlers = Readonly<Record<WireRequest['service'], WireHandler>>

const AWS_HEADERS = { 'content-type': 'application/x-amz-json-1.1' }

function awsError({ type, message }: { type: string; message: string }): WireResponse {
  return {
    status: 400,
    headers: { ...AWS_HEADERS, 'x-amzn-errortype': type },
    body: JSON.stringify({ __type: type, message }),
  }
}

function dfnsError({ status, message }: { status: number; message: string }): WireResponse {
  return {
    status,
    headers: { 'content-type': 'application/json', ...(status === 429 && { 'retry-after': '1' }) },
    body: JSON.stringify({ error: { message } }),
  }
}

function refusal({ service, operation }: WireRequest): WireResponse {
  const message = `Not authorized to perform ${operation}.`
  return service === 'dfns'
    ? dfnsError({ status: 403, message })
    : awsError({ type: 'AccessDeniedException', message })
}

function throttling({ service }: WireRequest): WireResponse {
  const message = 'Rate exceeded'
  return service === 'dfns'
    ? dfnsError({ status: 429, message })
    : awsError({ type: 'ThrottlingException', message })
}

/**
 * Makes the wire. `onKill` ends the calling process; it is waited for, so that no reply can be seen before.
 */
export function createWire({
  handlers,
  onKill,
}: {
  handlers: Handlers
  onKill?: (request: WireRequest) => void | Promise<void>
}): Wire {
  const calls: MutableRecord[] = []

  const strike = async ({
    fault,
    request,
    call,
  }: {
    fault: Fault | undefined
    request: WireRequest
    call: MutableRecord
  }): Promise<Dispatched> => {
    const answer = (reply: WireResponse): WireResponse => {
      call.status = reply.status
      return reply
    }
    const serve = async () => answer(await handlers[request.service](request))
    if (fault === undefined) return serve()
    if (typeof fault === 'object') return answer(fault.reply)
    if (fault === 'refused') return answer(refusal(request))
    if (fault === 'throttled') return answer(throttling(request))
    if (fault === 'lost-after' || fault === 'killed-after') await serve()
    if (fault === 'killed-before' || fault === 'killed-after') await onKill?.(request)
    return 'broken'
  }

  const wire: Wire = {
    calls,
    plan: undefined,
    dispatch: (request) => {
      const index = calls.length
      const fault = wire.plan?.({ ...request, index })
      const call: MutableRecord = { index, request, ...(fault !== undefined && { fault }) }
      calls.push(call)
      return strike({ fault, request, call })
    },
  }
  return wire
}
