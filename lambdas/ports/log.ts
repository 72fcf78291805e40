import { Logger } from '@aws-lambda-powertools/logger'

/**
 * Names, ids, labels, codes and numbers. There is no way to hand a document, a header or an error to the log.
 */
export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>

/** One JSON line per event. */
export interface Log {
  info(event: string, fields?: LogFields): void
  warn(event: string, fields?: LogFields): void
  error(event: string, fields?: LogFields): void
}

/**
 * A log whose every line carries `common`. The level is POWERTOOLS_LOG_LEVEL's; no level prints more than
 * fields.
 */
export function logOf(common: LogFields): Log {
  const logger = new Logger({ serviceName: process.env['POWERTOOLS_SERVICE_NAME'] ?? 'dfns-rotator' })
  logger.appendKeys({ ...common })
  return {
    info: (event, fields = {}) => logger.info(event, fields),
    warn: (event, fields = {}) => logger.warn(event, fields),
    error: (event, fields = {}) => logger.error(event, fields),
  }
}
