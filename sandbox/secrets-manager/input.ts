import { invalidParameter, invalidRequest, validation } from './errors.ts'
import type { SecretValue } from './secret.ts'

/** The parameters of one request, not yet checked. */
export type Input = Readonly<Record<string, unknown>>

interface Bounds {
  readonly min?: number
  readonly max?: number
  readonly pattern?: RegExp
}

const MAX_VALUE_BYTES = 65_536

export const outOfBounds = (field: string) =>
  validation(`1 validation error detected: Value at '${field}' failed to satisfy constraint.`)

/** Reads the JSON body of an awsJson1.1 request. */
export function parseInput(body: string): Input {
  try {
    const input: unknown = JSON.parse(body === '' ? '{}' : body)
    if (typeof input === 'object' && input !== null && !Array.isArray(input)) return { ...input }
  } catch {
    // Answered below, as any other body that is not an object.
  }
  throw validation('The request body is not a JSON object.')
}

/** A string inside the model's bounds, if present. */
export function text(input: Input, field: string, bounds: Bounds = {}): string | undefined {
  const value = input[field]
  if (value === undefined || value === null) return undefined
  const { min = 0, max = Number.POSITIVE_INFINITY, pattern } = bounds
  if (typeof value !== 'string' || value.length < min || value.length > max) throw outOfBounds(field)
  if (pattern && !pattern.test(value)) throw outOfBounds(field)
  return value
}

/** As `text`, but it must be there. */
export function requiredText(input: Input, field: string, bounds: Bounds = {}): string {
  const value = text(input, field, { min: 1, ...bounds })
  if (value === undefined) throw outOfBounds(field)
  return value
}

export function flag(input: Input, field: string): boolean | undefined {
  const value = input[field]
  if (value === undefined || value === null) return undefined
  if (typeof value !== 'boolean') throw outOfBounds(field)
  return value
}

export function integer(
  input: Input,
  field: string,
  { min = 0, max = Number.MAX_SAFE_INTEGER }: Bounds = {},
) {
  const value = input[field]
  if (value === undefined || value === null) return undefined
  if (typeof value !== 'number' || !Number.isInteger(value) || value < min || value > max)
    throw outOfBounds(field)
  return value
}

/** A list of strings, each inside `bounds`, with 1 to `entries` of them. */
export function texts(
  input: Input,
  field: string,
  bounds: Bounds & { entries: number },
): string[] | undefined {
  const value = input[field]
  if (value === undefined || value === null) return undefined
  if (!Array.isArray(value) || value.length < 1 || value.length > bounds.entries) throw outOfBounds(field)
  return value.map((entry: unknown) => requiredText({ [field]: entry }, field, bounds))
}

/** A list of structures. */
export function structures(input: Input, field: string): Input[] | undefined {
  const value = input[field]
  if (value === undefined || value === null) return undefined
  if (!Array.isArray(value)) throw outOfBounds(field)
  return value.map((entry: unknown) => structure({ entry }, 'entry') ?? {})
}

/** Throws when a required list or structure is absent. */
export function ensurePresent(input: Input, field: string): void {
  if (input[field] === undefined || input[field] === null) throw outOfBounds(field)
}

export function structure(input: Input, field: string): Input | undefined {
  const value = input[field]
  if (value === undefined || value === null) return undefined
  if (typeof value !== 'object' || Array.isArray(value)) throw outOfBounds(field)
  return { ...value }
}

export const secretId = (input: Input): string => requiredText(input, 'SecretId', { max: 2048 })

/** SDKs make a token up; over raw HTTP it must be sent. It becomes the version's id. */
export function clientRequestToken(input: Input): string {
  const token = text(input, 'ClientRequestToken')
  if (token === undefined) {
    throw invalidRequest('You must provide a ClientRequestToken value. We recommend a UUID-type value.')
  }
  if (token.length < 32 || token.length > 64) {
    throw invalidParameter('ClientRequestToken must be 32-64 characters long.')
  }
  return token
}

/** SecretString or SecretBinary, never both, of 1 to 65,536 bytes. */
export function secretValue(input: Input): SecretValue | undefined {
  const string = text(input, 'SecretString')
  const binary = text(input, 'SecretBinary', { pattern: /^[A-Za-z0-9+/]*={0,2}$/ })
  if (string !== undefined && binary !== undefined) {
    throw invalidParameter(
      "You can't specify both a binary secret value and a string secret value in the same secret.",
    )
  }
  const bytes = binary === undefined ? Buffer.byteLength(string ?? '') : Buffer.byteLength(binary, 'base64')
  if (bytes > MAX_VALUE_BYTES || (bytes === 0 && (string ?? binary) !== undefined)) {
    throw outOfBounds(binary === undefined ? 'secretString' : 'secretBinary')
  }
  if (string !== undefined) return { SecretString: string }
  return binary === undefined ? undefined : { SecretBinary: binary }
}

/** Tags as the API takes them, keys of 1 to 128 characters. */
export function tags(input: Input): [string, string][] {
  return (structures(input, 'Tags') ?? []).map((tag) => [
    requiredText(tag, 'Key', { max: 128 }),
    text(tag, 'Value', { max: 256 }) ?? '',
  ])
}
