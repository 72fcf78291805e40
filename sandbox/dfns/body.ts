import { Refusal } from './errors.ts'

/** A JSON object whose fields have not been looked at yet. */
export type Fields = Readonly<Record<string, unknown>>

/**
 * Reads a JSON object from a request body; `only` lists its fields where Dfns documents
 * `additionalProperties: false`.
 */
export function readBody({ body, only }: { body: string; only?: readonly string[] }): Fields {
  const fields = asObject({ name: 'body', value: parse(body) })
  const stranger = only && Object.keys(fields).find((name) => !only.includes(name))
  if (stranger !== undefined) throw new Refusal(400, `Unrecognized field: ${stranger}`)
  return fields
}

/** A field that must be an object. */
export function objectOf({ fields, name }: { fields: Fields; name: string }): Fields {
  return asObject({ name, value: fields[name] })
}

/** A field that must be a string of at least `min` characters (default 1). */
export function textOf({ fields, name, min = 1 }: { fields: Fields; name: string; min?: number }): string {
  const value = fields[name]
  if (typeof value !== 'string' || value.length < min) throw new Refusal(400, `Invalid field: ${name}`)
  return value
}

/** A string of at least one character that may be left out. */
export function optionalText(given: { fields: Fields; name: string }): string | undefined {
  return given.fields[given.name] === undefined ? undefined : textOf(given)
}

/** A whole number from 1 on that may be left out. */
export function optionalCount({ fields, name }: { fields: Fields; name: string }): number | undefined {
  const value = fields[name]
  if (value === undefined) return undefined
  if (typeof value === 'number' && Number.isSafeInteger(value) && value > 0) return value
  throw new Refusal(400, `Invalid field: ${name}`)
}

/** A flag that may be left out. */
export function flagOf({ fields, name }: { fields: Fields; name: string }): boolean {
  const value = fields[name] ?? false
  if (typeof value !== 'boolean') throw new Refusal(400, `Invalid field: ${name}`)
  return value
}

/** The query of a path. */
export function queryOf({ path }: { path: string }): URLSearchParams {
  return new URLSearchParams(path.split('?')[1] ?? '')
}

/** A field that must be one of the given strings. */
export function oneOf<T extends string>({
  fields,
  name,
  among,
}: {
  fields: Fields
  name: string
  among: readonly T[]
}): T {
  const found = among.find((known) => known === fields[name])
  if (found === undefined) throw new Refusal(400, `Invalid field: ${name}`)
  return found
}

function parse(body: string): unknown {
  try {
    return JSON.parse(body)
  } catch {
    throw new Refusal(400, 'The body is not JSON')
  }
}

function asObject({ name, value }: { name: string; value: unknown }): Fields {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value }
  throw new Refusal(400, `Invalid field: ${name}`)
}
