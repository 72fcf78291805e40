import * as v from 'valibot'

/**
 * The fields that a schema objects to, for an error: names, never a value. `whole` is the word for all of it,
 * where no single field is wrong.
 */
export function placesOf(issues: readonly v.BaseIssue<unknown>[], whole: string): string {
  return [...new Set(issues.map((issue) => v.getDotPath(issue) ?? whole))].join(', ')
}
