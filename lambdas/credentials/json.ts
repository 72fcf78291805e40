/**
 * A number as it was written: `12345678901234567890` and `1.0` are other numbers once JavaScript has read
 * them.
 */
export interface WrittenNumber {
  readonly rawJSON: string
}

export type Json = string | number | boolean | null | WrittenNumber | readonly Json[] | JsonObject
export interface JsonObject {
  readonly [field: string]: Json
}

declare global {
  // ECMAScript 2026, "JSON.parse source text access": in Node.js 24, not yet in TypeScript's library.
  interface JSON {
    rawJSON(text: string): WrittenNumber
    parse(
      text: string,
      reviver: (name: string, value: unknown, context?: { source?: string }) => unknown,
    ): Json
  }
}

const deepest = 32

/** The object that a text holds, or nothing if it is not JSON, not an object, or nested beyond reason. */
export function readJsonObject(text: string): JsonObject | undefined {
  return readObject(() => JSON.parse(text) as Json)
}

/**
 * The same, with every number as it was written, so that it can be written again. Node.js 20, on which the
 * commands run, too, does not tell how: there nothing is written that was read so.
 */
export function readExactJsonObject(text: string): JsonObject | undefined {
  return readObject(() =>
    JSON.parse(text, (_name, value, context) =>
      typeof value === 'number' && context?.source !== undefined ? JSON.rawJSON(context.source) : value,
    ),
  )
}

function readObject(read: () => Json): JsonObject | undefined {
  try {
    const value = read()
    return isObject(value) && depthOf(value) <= deepest ? value : undefined
  } catch {
    return undefined
  }
}

/** Every string anywhere in a value, names of nested fields included; strings in a list also as one text. */
export function stringsIn(value: Json): string[] {
  if (typeof value === 'string') return [value]
  if (value === null || typeof value !== 'object') return []
  if (!Array.isArray(value))
    return Object.entries(value).flatMap(([name, nested]) => [name, ...stringsIn(nested)])
  const nested = value.flatMap(stringsIn)
  return nested.length > 1 ? [...nested, nested.join('\n')] : nested
}

function isObject(value: Json): value is JsonObject {
  return value !== null && typeof value === 'object' && !Array.isArray(value)
}

// By levels, not by recursion: a document of 64 KiB can be nested deep enough to exhaust the stack.
function depthOf(value: Json): number {
  let level: readonly Json[] = [value]
  let depth = 0
  for (; level.length > 0 && depth <= deepest; depth++) {
    level = level.flatMap((item) => (item !== null && typeof item === 'object' ? Object.values(item) : []))
  }
  return depth
}
