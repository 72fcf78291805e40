/** From the runner to the process: one invocation. Only JSON travels. */
export interface Invocation {
  readonly requestId: string
  readonly event: unknown
  readonly functionArn: string
  readonly timeoutMs: number
  /** The time that the function's clock shows now, in milliseconds since the epoch; absent: the machine's. */
  readonly now?: number
}

/**
 * From the process to the runner: that the handler is called now, what became of it, or why it could not
 * begin.
 */
export type RuntimeMessage =
  | { readonly type: 'started' }
  | { readonly type: 'result'; readonly requestId: string; readonly payload: unknown }
  | {
      readonly type: 'error'
      readonly requestId?: string
      readonly errorType: string
      readonly errorMessage: string
      /** The process ends with this. */
      readonly fatal: boolean
    }
