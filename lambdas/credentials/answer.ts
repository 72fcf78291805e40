import { RotationError } from '../errors.ts'
import { DfnsFailure } from '../ports/dfns-transport.ts'
import type { Probe } from './credential.ts'

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

/** A question of createSecret's, with what the call that asks it came to. */
export function probed(question: string, answered: Answer<unknown>): Probe {
  return { question, ...('error' in answered && { failure: asFailure(answered.error) }) }
}

/** What a call answers; nothing where Dfns refuses it. */
export async function unlessRefused<T>(call: Promise<T>): Promise<T | undefined> {
  try {
    return await call
  } catch (error) {
    if (error instanceof DfnsFailure && error.isRefusal) return undefined
    throw error
  }
}

/** What is read; nothing where it cannot be, for whatever reason. A defect is thrown. */
export async function ifReadable<T>(reading: Promise<T | undefined>): Promise<T | undefined> {
  try {
    return await reading
  } catch (error) {
    asFailure(error)
    return undefined
  }
}
