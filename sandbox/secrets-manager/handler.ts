import type { WireHandler, WireResponse } from '../wire.ts'
import { ServiceError, unknownOperation } from './errors.ts'
import { parseInput } from './input.ts'
import type { Operation, Parts } from './operation.ts'
import { createOperations } from './operations.ts'

const CONTENT_TYPE = { 'content-type': 'application/x-amz-json-1.1' }

/** An error as awsJson1.1 answers it: 400, with the type in the body and in a header. */
function errorReply({ code, message }: ServiceError): WireResponse {
  return {
    status: 400,
    headers: { ...CONTENT_TYPE, 'x-amzn-errortype': code },
    body: JSON.stringify({ __type: code, message }),
  }
}

/**
 * An awsJson1.1 service over its operations. What is not a ServiceError is a defect of the sandbox, and is
 * thrown.
 */
export function createAwsJsonHandler(operations: ReadonlyMap<string, Operation>): WireHandler {
  return ({ operation, body }) => {
    try {
      const perform = operations.get(operation)
      if (!perform) throw unknownOperation(`The operation ${operation} is not known.`)
      return { status: 200, headers: CONTENT_TYPE, body: JSON.stringify(perform(parseInput(body))) }
    } catch (error) {
      if (error instanceof ServiceError) return errorReply(error)
      throw error
    }
  }
}

/** Secrets Manager on the wire. */
export function createSecretsManagerHandler(parts: Parts): WireHandler {
  return createAwsJsonHandler(createOperations(parts))
}
