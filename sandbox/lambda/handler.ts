import { ServiceError, unknownOperation } from '../secrets-manager/errors.ts'
import type { WireHandler, WireResponse } from '../wire.ts'
import type { BundledFunction } from './function.ts'

const CONTENT_TYPE = { 'content-type': 'application/json' }

const STATUS: Readonly<Record<string, number>> = {
  InvalidParameterValueException: 400,
  UnknownOperationException: 400,
  AccessDeniedException: 403,
  ResourceNotFoundException: 404,
  TooManyRequestsException: 429,
}

/** An error as Lambda answers it: the type in a header, and whose fault it is in the body. */
export function lambdaError({ code, message }: { code: string; message: string }): WireResponse {
  return {
    status: STATUS[code] ?? 500,
    headers: { ...CONTENT_TYPE, 'x-amzn-errortype': code },
    body: JSON.stringify({ Type: 'User', Message: message }),
  }
}

const configurationPath = /^\/2015-03-31\/functions\/([^/?]+)\/configuration(?:\?|$)/

/** The operation that method and path stand for. */
export function lambdaOperation({ method, path }: { method: string; path: string }): string | undefined {
  return method === 'GET' && configurationPath.test(path) ? 'GetFunctionConfiguration' : undefined
}

/** A function is named by its ARN or by its name alone. */
function functionNamed(functions: ReadonlyMap<string, BundledFunction>, path: string): BundledFunction {
  const name = decodeURIComponent(configurationPath.exec(path)?.[1] ?? '')
  const found = [...functions.values()].find(({ arn }) => arn === name || arn.split(':').at(-1) === name)
  if (found) return found
  const message = `Function not found: ${name}`
  throw new ServiceError({ code: 'ResourceNotFoundException', message })
}

function configurationOf({ arn, settings }: BundledFunction) {
  const { env, timeoutMs, logGroup } = settings
  return {
    FunctionArn: arn,
    FunctionName: arn.split(':').at(-1),
    Handler: 'index.handler',
    Runtime: 'nodejs24.x',
    State: 'Active',
    Timeout: Math.round(timeoutMs / 1_000),
    Environment: { Variables: env },
    LoggingConfig: { LogFormat: 'JSON', LogGroup: logGroup },
  }
}

/** GetFunctionConfiguration on the wire, of the functions that run a bundle. */
export function createLambdaHandler(functions: ReadonlyMap<string, BundledFunction>): WireHandler {
  return ({ operation, path }) => {
    try {
      if (operation !== 'GetFunctionConfiguration')
        throw unknownOperation(`The operation ${operation} is not known.`)
      const body = JSON.stringify(configurationOf(functionNamed(functions, path)))
      return { status: 200, headers: CONTENT_TYPE, body }
    } catch (error) {
      if (error instanceof ServiceError) return lambdaError(error)
      throw error
    }
  }
}
