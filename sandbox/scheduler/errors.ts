import { ServiceError } from '../secrets-manager/errors.ts'
import type { WireResponse } from '../wire.ts'

/** HTTP status of each error, from the API model of EventBridge Scheduler (2021-06-30). */
const STATUS: Readonly<Record<string, number>> = {
  ValidationException: 400,
  UnknownOperationException: 400,
  ServiceQuotaExceededException: 402,
  AccessDeniedException: 403,
  ResourceNotFoundException: 404,
  ConflictException: 409,
  ThrottlingException: 429,
}

export const CONTENT_TYPE = { 'content-type': 'application/json' }

/** An error as restJson1 answers it here: the type in a header, `Message` in the body. */
export function schedulerError({ code, message }: { code: string; message: string }): WireResponse {
  return {
    status: STATUS[code] ?? 500,
    headers: { ...CONTENT_TYPE, 'x-amzn-errortype': code },
    body: JSON.stringify({ Message: message }),
  }
}

const error = (code: string) => (message: string) => new ServiceError({ code, message })
const notFound = error('ResourceNotFoundException')

export const scheduleNotFound = (name: string) => notFound(`Schedule ${name} does not exist.`)
export const groupNotFound = (group: string) => notFound(`Schedule group ${group} does not exist.`)
export const scheduleExists = (name: string) => error('ConflictException')(`Schedule ${name} already exists.`)
export const quotaExceeded = () =>
  error('ServiceQuotaExceededException')('The number of schedules has reached the quota of this account.')
