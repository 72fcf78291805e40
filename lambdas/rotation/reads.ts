import type { SSMClient } from '@aws-sdk/client-ssm'
import { getParameter } from '../ports/ssm.ts'
import type { Time } from '../ports/time.ts'
import { type Policy, readPolicy } from './policy.ts'

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
