import { randomUUID } from 'node:crypto'
import type { Clock } from './clock.ts'

/** One message of an SQS queue; attributes are strings, times milliseconds since the epoch. */
export interface QueueMessage {
  readonly messageId: string
  readonly sentAt: number
  readonly body: string
  readonly attributes: Readonly<Record<string, string>>
}

/** SQS queues in memory, by ARN; one comes into being with its first message, and keeps them all. */
export interface Queues {
  /** All messages, by the queue's ARN. */
  readonly state: Map<string, QueueMessage[]>
  send(message: { arn: string; body: string; attributes?: Readonly<Record<string, string>> }): void
  /** In the order of arrival; none for a queue that nothing was sent to. */
  messages(arn: string): readonly QueueMessage[]
}

/** Makes the queues. */
export function createQueues(clock: Clock): Queues {
  const queues = new Map<string, QueueMessage[]>()
  return {
    state: queues,
    send: ({ arn, body, attributes = {} }) => {
      const message = { messageId: randomUUID(), sentAt: clock.now(), body, attributes }
      queues.set(arn, [...(queues.get(arn) ?? []), message])
    },
    messages: (arn) => queues.get(arn) ?? [],
  }
}
