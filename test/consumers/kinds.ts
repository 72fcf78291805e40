import type { KeyDocument } from '../../client/document.ts'
import type { SimulatedKind } from '../simulation/secrets.ts'

/** A kind of credential and how its successor is made: what a rotation may be. */
export interface Rotating {
  readonly name: string
  readonly kind: Exclude<SimulatedKind, 'webhook'>
  /** As the document names it. */
  readonly document: KeyDocument['kind']
  /** The tag that decides, where `auto` would find a world that allows more. */
  readonly strategy: 'self' | 'signer' | 'replace' | 'auto'
}

/** Every kind that signs, in every strategy that it can be rotated by. */
export const everyRotating: readonly Rotating[] = [
  { name: 'account-self', kind: 'ServiceAccountKey', document: 'ServiceAccountKey', strategy: 'self' },
  { name: 'account-replace', kind: 'replaced account', document: 'ServiceAccountKey', strategy: 'replace' },
  {
    name: 'token-self',
    kind: 'PersonalAccessTokenKey',
    document: 'PersonalAccessTokenKey',
    strategy: 'self',
  },
  { name: 'token-signer', kind: 'signed token', document: 'PersonalAccessTokenKey', strategy: 'signer' },
  { name: 'token-replace', kind: 'replaced token', document: 'PersonalAccessTokenKey', strategy: 'replace' },
  { name: 'user', kind: 'UserKey', document: 'UserKey', strategy: 'auto' },
]
