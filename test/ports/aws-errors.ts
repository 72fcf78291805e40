/** An error as the AWS SDK throws it, with a request inside it and a message that nobody may see. */
export function awsError(
  name: string,
  { status = 400, message = '' }: { status?: number; message?: string } = {},
) {
  return Object.assign(new Error(`${message} ${canary}`), {
    name,
    $fault: status < 500 ? 'client' : 'server',
    $metadata: { httpStatusCode: status, requestId: 'r-1' },
    $response: { body: canary },
  })
}

/** Stands in messages and requests of AWS; it may never come out. */
export const canary = 'canary-7e21-private-value'
