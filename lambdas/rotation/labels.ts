import { RotationError } from '../errors.ts'
import type { DescribedSecret } from '../ports/secrets-manager.ts'
import type { Stored } from './generations.ts'

type Labelled = Pick<DescribedSecret, 'stages'>

/** The version that has a staging label, from one reply. */
export function holderOf({ stages }: Labelled, label: string): string | undefined {
  return [...stages].find(([, labels]) => labels.includes(label))?.[0]
}

/** A version that a rotation under way, or stuck, is to make current. */
export function pendingVersion(secret: Labelled): string | undefined {
  const holder = holderOf(secret, 'AWSPENDING')
  return holder === holderOf(secret, 'AWSCURRENT') ? undefined : holder
}

/** A generation, or nothing if what stands there is none: what was in the secret before it was adopted. */
export async function generationIn(reading: Promise<Stored | undefined>): Promise<Stored | undefined> {
  try {
    return await reading
  } catch (error) {
    if (error instanceof RotationError && !error.retryable && error.code !== 'ERR_STORE') return undefined
    throw error
  }
}
