import { type CloudWatchLogsClient, FilterLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs'
import { GetFunctionConfigurationCommand, type LambdaClient } from '@aws-sdk/client-lambda'
import * as v from 'valibot'
import { deadlineOf } from '../../lambdas/ports/aws-client.ts'
import { everyPage } from '../../lambdas/ports/pages.ts'
import { isTransient } from '../../lambdas/ports/aws-failure.ts'
import { minuteMs, type Time } from '../../lambdas/ports/time.ts'
import { steps } from '../../lambdas/rotation/event.ts'

const line = v.object({
  message: v.string(),
  step: v.picklist(steps),
  versionId: v.string(),
  durationMs: v.optional(v.number()),
  code: v.optional(v.string()),
  retryable: v.optional(v.boolean()),
  reason: v.optional(v.string()),
  // Of a line `probe`.
  question: v.optional(v.string()),
  answer: v.optional(v.string()),
})

/** A line that the rotation function logged about one rotation. */
export interface LogLine extends v.InferOutput<typeof line> {
  /** Milliseconds since the epoch. */
  readonly at: number
}

/** What the rotation function logs of one rotation. */
export interface FunctionLog {
  /** The lines since the last call, oldest first; nothing if the log may not be read. */
  read(): Promise<readonly LogLine[] | undefined>
}

interface Asked {
  readonly clients: { readonly lambda: LambdaClient; readonly logs: CloudWatchLogsClient }
  readonly functionArn: string
  /** The version of the rotation, which each of its lines names. */
  readonly token: string
  readonly time: Time
}

/** Clocks differ, and a line may be older than the command. Milliseconds. */
const earlierMs = 10 * minuteMs

/**
 * The log comes late, in no fixed order, and perhaps not at all: it is read anew, and what is known is left
 * out.
 */
export function functionLog(asked: Asked): FunctionLog {
  const { clients, token, time } = asked
  const known = new Set<string>()
  const startTime = time.now() - earlierMs
  let group: Promise<string> | undefined
  let mayRead = true
  return {
    async read() {
      if (!mayRead) return undefined
      try {
        group ??= groupOf(asked)
        const input = { logGroupName: await group, filterPattern: `"${token}"`, startTime }
        const events = await everyEvent({ logs: clients.logs, input, time })
        const fresh = events.filter(({ id }) => !known.has(id))
        for (const { id } of fresh) known.add(id)
        return fresh
          .toSorted((one, other) => one.at - other.at)
          .flatMap((event) => lineIn(event) ?? [])
          .filter(({ versionId }) => versionId === token)
      } catch (error) {
        // A reply that was lost is asked for again; whoever may not read asks no more.
        if (isTransient(error)) return []
        mayRead = false
        return undefined
      }
    },
  }
}

/** CDK names the group, and Lambda tells how; without leave to ask, it is where Lambda itself puts it. */
async function groupOf({ clients, functionArn, time }: Asked): Promise<string> {
  const byDefault = `/aws/lambda/${functionArn.split(':')[6] ?? ''}`
  const command = new GetFunctionConfigurationCommand({ FunctionName: functionArn })
  try {
    const { LoggingConfig } = await clients.lambda.send(command, { abortSignal: deadlineOf(time) })
    return LoggingConfig?.LogGroup ?? byDefault
  } catch {
    return byDefault
  }
}

interface Event {
  readonly id: string
  readonly at: number
  readonly text: string
}

/** A rotation logs some dozens of lines; what is beyond that is not its, and a page may be empty. */
const mostPages = 20

async function everyEvent(of: {
  logs: CloudWatchLogsClient
  input: { logGroupName: string; filterPattern: string; startTime: number }
  time: Time
}): Promise<readonly Event[]> {
  const { logs, input, time } = of
  const all = await everyPage({
    most: mostPages,
    page: async (nextToken) => {
      const command = new FilterLogEventsCommand({ ...input, ...(nextToken && { nextToken }) })
      const reply = await logs.send(command, { abortSignal: deadlineOf(time) })
      return { items: reply.events ?? [], next: reply.nextToken }
    },
  })
  return all.map(({ eventId: id = '', timestamp: at = 0, message: text = '' }) => ({ id, at, text }))
}

/** Lambda may write its own words before the JSON. */
function lineIn({ text, at }: Event): LogLine | undefined {
  try {
    const json: unknown = JSON.parse(text.slice(Math.max(0, text.indexOf('{'))))
    const { success, output } = v.safeParse(line, json)
    return success ? { ...output, at } : undefined
  } catch {
    return undefined
  }
}
