import type { WireRequest, WireResponse } from '../../sandbox/wire.ts'

/** What an account may ask of AWS, requests a second, and how many of its functions may run at once. */
export interface Quotas {
  /** PutSecretValue, UpdateSecret and UpdateSecretVersionStage together ("AWS Secrets Manager quotas"). */
  readonly secretWrites: number
  /** RotateSecret and CancelRotateSecret together (the same page). */
  readonly rotateSecret: number
  /** GetParameter, GetParameters and GetParametersByPath together ("Systems Manager endpoints and quotas"). */
  readonly parameterReads: number
  /** Concurrent executions, of all functions of the account together ("Lambda quotas"). */
  readonly concurrency: number
}

/** The defaults of a Region. */
export const awsQuotas: Quotas = {
  secretWrites: 50,
  rotateSecret: 50,
  parameterReads: 40,
  concurrency: 1_000,
}

/** The same for a fleet of another size. */
export const scaledQuotas = (share: number): Quotas => ({
  secretWrites: awsQuotas.secretWrites * share,
  rotateSecret: awsQuotas.rotateSecret * share,
  parameterReads: awsQuotas.parameterReads * share,
  concurrency: Math.max(1, Math.round(awsQuotas.concurrency * share)),
})

/** So many a second, and a second's worth at once. */
export function bucket(given: { perSecond: number; now: () => number }): { take(): boolean } {
  const { perSecond, now } = given
  // A rotation makes four such requests in a second; a small fleet's share of a quota is less than one.
  const most = Math.max(4, perSecond)
  let left = most
  let since = now()
  return {
    take() {
      left = Math.min(most, left + ((now() - since) / 1_000) * perSecond)
      since = now()
      if (left < 1) return false
      left -= 1
      return true
    },
  }
}

const writes = ['PutSecretValue', 'UpdateSecret', 'UpdateSecretVersionStage']

/** Answers what is more than the account may ask. */
export function throttlerOf(given: { quotas: Quotas; now: () => number }) {
  const { quotas, now } = given
  const forWrites = bucket({ perSecond: quotas.secretWrites, now })
  const forReads = bucket({ perSecond: quotas.parameterReads, now })
  return ({ service, operation }: WireRequest): WireResponse | undefined => {
    const isWrite = service === 'secretsmanager' && writes.includes(operation)
    const isAllowed = isWrite ? forWrites.take() : service !== 'ssm' || forReads.take()
    return isAllowed ? undefined : throttled
  }
}

const throttled: WireResponse = {
  status: 400,
  headers: { 'content-type': 'application/x-amz-json-1.1', 'x-amzn-errortype': 'ThrottlingException' },
  body: JSON.stringify({ __type: 'ThrottlingException', message: 'Rate exceeded' }),
}
