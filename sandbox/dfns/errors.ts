import { STATUS_CODES } from 'node:http'
import type { WireResponse } from '../wire.ts'
import type { ErrorBody } from './switches.ts'

/** A request that is answered with an error status. Endpoints throw it, the handler gives it its body. */
export class Refusal extends Error {
  readonly status: number

  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

/** A reply with a JSON body. */
export function jsonReply({ status, body }: { status: number; body: unknown }): WireResponse {
  return { status, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }
}

/** An error reply in one of the shapes that Dfns's documents and SDKs show. */
export function errorReply({
  status,
  message,
  shape,
}: {
  status: number
  message: string
  shape: ErrorBody
}): WireResponse {
  const kind = (STATUS_CODES[status] ?? 'Error').replaceAll(' ', '')
  const bodies = {
    error: { error: { id: kind, status, message } },
    legacy: { error: { message } },
    details: { message, details: { kind } },
  } satisfies Record<ErrorBody, unknown>
  return jsonReply({ status, body: bodies[shape] })
}
