import type { DescribedSecret } from '../ports/secrets-manager.ts'

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
