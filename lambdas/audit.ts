import middy from '@middy/core'
import type { Context } from 'aws-lambda'
import { RotationError } from './errors.ts'
import { reportErrors } from './rotation/boundary.ts'

/**
 * Deployed with the others, so that names and roles are fixed from the start. It knows no event yet and
 * refuses every one.
 */
export const handler = middy<unknown, void, Error, Context>({ timeoutEarlyInMillis: 0 })
  .use(reportErrors())
  .handler(async () => {
    throw new RotationError('ERR_EVENT_INVALID', 'audit knows no event in this release; nothing was done')
  })
