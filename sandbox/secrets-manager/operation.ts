import type { Clock } from '../clock.ts'
import type { Input } from './input.ts'
import type { Engine } from './rotation.ts'
import type { Secret } from './secret.ts'
import type { Vault } from './vault.ts'

/** One operation: parameters in, the reply's JSON out. */
export type Operation = (input: Input) => object

/** What the operations of Secrets Manager work on. */
export interface Parts {
  readonly clock: Clock
  readonly vault: Vault
  readonly engine: Engine
}

/** The fields that nearly every reply begins with. */
export const named = ({ arn, name }: Secret) => ({ ARN: arn, Name: name })
