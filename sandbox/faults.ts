import { lambdaError } from './lambda/handler.ts'
import { schedulerError } from './scheduler/errors.ts'
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

/** A service without a handler is not there: what is asked of it is not known, or not found. */
type Handlers = Readonly<Partial<Record<WireRequest['service'], WireHandler>>>

const AWS_HEADERS = { 'content-type': 'application/x-amz-json-1.1' }

interface Refusal {
  /** As Dfns answers it. */
  readonly status: number
  /** As AWS names it. */
  readonly code: string
  readonly message: string
}

function awsError({ code, message }: Refusal): WireResponse {
  return {
    status: 400,
    headers: { ...AWS_HEADERS, 'x-amzn-errortype': code },
    body: JSON.stringify({ __type: code, message }),
  }
}

function dfnsError({ status, message }: Refusal): WireResponse {
  return {
    status,
    headers: { 'content-type': 'application/json', ...(status === 429 && { 'retry-after': '1' }) },
    body: JSON.stringify({ error: { message } }),
  }
}

const DIALECTS: Readonly<Record<WireRequest['service'], (refusal: Refusal) => WireResponse>> = {
  secretsmanager: awsError,
  ssm: awsError,
  scheduler: schedulerError,
  lambda: lambdaError,
  logs: awsError,
  dfns: dfnsError,
}

function refusal({ service, operation }: WireRequest): WireResponse {
  const message = `Not authorized to perform ${operation}.`
  return DIALECTS[service]({ status: 403, code: 'AccessDeniedException', message })
}

function throttling({ service }: WireRequest): WireResponse {
  return DIALECTS[service]({ status: 429, code: 'ThrottlingException', message: 'Rate exceeded' })
}

const notThere: WireHandler = ({ service }) =>
  DIALECTS[service]({ status: 404, code: 'UnknownOperationException', message: 'Not Found' })

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
    const serve = async () => answer(await (handlers[request.service] ?? notThere)(request))
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
