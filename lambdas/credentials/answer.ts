import { RotationError } from '../errors.ts'

/** What a call came to: for questions whose no is an answer, too. */
export type Answer<T> = { readonly value: T } | { readonly error: unknown }

export async function answer<T>(call: Promise<T>): Promise<Answer<T>> {
  try {
    return { value: await call }
  } catch (error) {
    return { error }
  }
}

/** An error of ours as it is; any other is a defect, and is thrown. */
export function asFailure(error: unknown): RotationError {
  if (error instanceof RotationError) return error
  throw error
}
