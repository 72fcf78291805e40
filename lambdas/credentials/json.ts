export type Json = string | number | boolean | null | readonly Json[] | JsonObject
export interface JsonObject {
  readonly [field: string]: Json
}

const deepest = 32

/** The object that a text holds, or nothing if it is not JSON, not an object, or nested beyond reason. */
export function readJsonObject(text: string): JsonObject | undefined {
  try {
    const value: Json = JSON.parse(text)
    return isObject(value) && depthOf(value) <= deepest ? value : undefined
  } catch {
    return undefined
  }
}

/** Every string anywhere in a value, names of nested fields included. */
export function stringsIn(value: Json): string[] {
  if (typeof value === 'string') return [value]
  if (value === null || typeof value !== 'object') return []
  return Array.isArray(value)
    ? value.flatMap(stringsIn)
    : Object.entries(value).flatMap(([name, nested]) => [name, ...stringsIn(nested)])
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
