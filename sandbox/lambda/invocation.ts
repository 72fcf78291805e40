/** What a synchronous invocation of a Lambda function comes to. */
export type InvocationResult =
  | { readonly ok: true; readonly payload: unknown }
  | { readonly ok: false; readonly errorType: string; readonly errorMessage: string }

/** Whatever can be invoked under an ARN: a bundle in a child process, or a function of a test. */
export interface LambdaFunction {
  readonly arn: string
  invoke(event: unknown): Promise<InvocationResult>
}
