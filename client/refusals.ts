import { ClientError } from './errors.ts'

/** What is used of a `DfnsError`, by its form: there may be several copies of the SDK. */
interface Refusal {
  readonly httpStatus: number
  readonly message: string
  readonly context?: { readonly url?: unknown } | undefined
}

/** Of these statuses nobody knows, or they say nothing of the credential. */
const otherwise = [404, 408, 409, 429]

/**
 * Whether Dfns refused a call for its credential, before it did anything: 401 anywhere; any refusal while the
 * call was only signed for, or while logging in; an account that was deactivated; a user action that died
 * with the key that signed it. A reply that is lost, a status of 500 or more, and a policy that waits (202)
 * are none of these: the call may have been carried out. A reply without JSON has no status: it counts while
 * the call was only signed for.
 */
export function isRefusal(error: unknown): boolean {
  if (error instanceof ClientError) return error.code === 'ERR_NOT_ALLOWED'
  if (isUnreadable(error)) return isOfSigning(unreadablePath(error))
  if (!isDfnsError(error)) return false
  const { httpStatus: status, message } = error
  if (status === 401) return true
  if (status < 400 || status >= 500 || otherwise.includes(status)) return false
  if (isOfSigning(pathOf(error))) return true
  // Dfns documents these texts; there is no code for either ("Errors", Dfns API reference).
  return (status === 403 && /user action/i.test(message)) || (status === 400 && /deactivated/i.test(message))
}

function isDfnsError(error: unknown): error is Refusal {
  return (
    error instanceof Error &&
    'httpStatus' in error &&
    typeof error.httpStatus === 'number' &&
    error.httpStatus > 0
  )
}

const isOfSigning = (path: string): boolean => /^\/auth\/(action|login)(\/init)?$/.test(path)

const pathIn = (url: unknown): string =>
  typeof url === 'string' && URL.canParse(url) ? new URL(url).pathname : ''

const pathOf = ({ context }: Refusal): string => pathIn(context?.url)

/**
 * A reply that is no JSON, of which the SDK loses the status. The fetch that it brings along (node-fetch 2)
 * names the URL. Before the call itself was sent nothing was done, whatever the status; of any other reply
 * it may have been 200.
 */
function isUnreadable(error: unknown): error is Error {
  return error instanceof Error && 'type' in error && error.type === 'invalid-json'
}

const unreadablePath = ({ message }: Error): string =>
  pathIn(/^invalid json response body at (\S+) reason: /.exec(message)?.[1])
