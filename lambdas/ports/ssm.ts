import { GetParameterCommand, type SSMClient } from '@aws-sdk/client-ssm'
import { deadlineOf } from './aws-client.ts'
import { awsFailure } from './aws-failure.ts'
import { awsReplies, replyOf } from './aws-replies.ts'
import type { Time } from './time.ts'

/** GetParameter: the value of one parameter, decrypted if it is a SecureString. */
export async function getParameter(parameter: {
  client: SSMClient
  name: string
  time: Time
}): Promise<string> {
  const { client, name, time } = parameter
  const command = new GetParameterCommand({ Name: name, WithDecryption: true })
  try {
    const reply = await client.send(command, { abortSignal: deadlineOf(time) })
    return replyOf(awsReplies.GetParameter)(reply).Parameter?.Value ?? ''
  } catch (error) {
    throw awsFailure({ code: 'ERR_POLICY', error, action: 'GetParameter', on: name })
  }
}
