import { ServiceError } from '../secrets-manager/errors.ts'

/** Which lines a filter pattern is about. */
type Matches = (line: string) => boolean

const conditions = /^\{\s*(.+?)\s*\}$/
const condition = /^\$\.(\w+)\s*=\s*"([^"]*)"$/

/**
 * The patterns that are understood here: none, terms that all have to stand in the line, and equalities of
 * fields of a JSON line joined by `&&` ("Filter pattern syntax", CloudWatch Logs User Guide).
 */
export function matcherOf(pattern: string): Matches {
  const [, inside] = conditions.exec(pattern.trim()) ?? []
  if (inside !== undefined) return fieldsOf(inside)
  const terms = (pattern.match(/"[^"]*"|\S+/g) ?? []).map((term) => term.replaceAll('"', ''))
  return (line) => terms.every((term) => line.includes(term))
}

function fieldsOf(inside: string): Matches {
  const wanted = inside.split(/\s*&&\s*/).map((one) => {
    const [, name, value] = condition.exec(one) ?? []
    if (name === undefined)
      throw new ServiceError({ code: 'InvalidParameterException', message: 'Invalid filter pattern' })
    return [name, value] as const
  })
  return (line) => {
    const fields = jsonIn(line)
    return fields !== undefined && wanted.every(([name, value]) => fields[name] === value)
  }
}

function jsonIn(line: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(line)
    return typeof value === 'object' && value !== null ? { ...value } : undefined
  } catch {
    return undefined
  }
}
