import type { SSMClient } from '@aws-sdk/client-ssm'
import { getParameter } from '../ports/ssm.ts'
import type { Time } from '../ports/time.ts'
import { type Policy, readPolicy } from './policy.ts'

/** Lets a read run ahead. If it fails, that shows when it is awaited, or not at all. */
export function early<T>(read: Promise<T>): Promise<T> {
  read.catch(() => {})
  return read
}

/** The policy in the SSM parameter of that name; without a name, the defaults. */
export async function policyOf(parameter: {
  client: SSMClient
  name: string | undefined
  time: Time
}): Promise<Policy> {
  const { client, name, time } = parameter
  const text = name === undefined ? undefined : await getParameter({ client, name, time })
  return readPolicy({ text, name: name ?? 'defaults' })
}
