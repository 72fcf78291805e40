import type { WireHandler } from '../../sandbox/wire.ts'

/** What an administrator asks of Secrets Manager, by operation. Throws AWS's error. */
export type Administrator = <T = unknown>(operation: string, input: object) => Promise<T>

export function administratorOn(handle: WireHandler): Administrator {
  return async <T>(operation: string, input: object): Promise<T> => {
    const headers = { 'x-amz-target': `secretsmanager.${operation}` }
    const request = { service: 'secretsmanager', operation, method: 'POST', path: '/', headers } as const
    const { status, body } = await handle({ ...request, body: JSON.stringify(input) })
    const reply = JSON.parse(body) as T & { __type?: string; message?: string }
    if (status < 400) return reply
    throw Object.assign(new Error(`${operation}: ${reply.__type}: ${reply.message}`), { name: reply.__type })
  }
}
