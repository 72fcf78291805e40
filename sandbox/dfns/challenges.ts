import { randomBytes } from 'node:crypto'
import { Refusal } from './errors.ts'
import type { Challenge, Organisation } from './model.ts'
import type { State } from './state.ts'

/** The relying party that Dfns still sends, deprecated. */
export const relyingParty = { id: 'dfns.io', name: 'Dfns' }

/** What a challenge is for, and for whom; see the model. */
type About = Pick<Challenge, 'purpose' | 'userId' | 'tokenId' | 'request' | 'code' | 'kind'>

/** Makes a challenge; its identifier is a JWT. */
export function issueChallenge(given: { state: State; organisation: Organisation; about: About }): {
  challenge: string
  challengeIdentifier: string
} {
  const { state, organisation, about } = given
  const { orgId } = organisation
  const id = state.nextId('ch')
  const challenge = randomBytes(32).toString('base64url')
  state.challenges.set(id, { ...about, id, orgId, challenge, used: false })
  const lifetime = organisation.switches.challengeTtl
  const { userId } = about
  const challengeIdentifier = state.mint.issue({ audience: 'challenge', id, orgId, userId, lifetime })
  return { challenge, challengeIdentifier }
}

/** The challenge that an identifier stands for, or nothing when that is forged or expired. */
export function findChallenge({
  state,
  identifier,
}: {
  state: State
  identifier: string
}): Challenge | undefined {
  const id = state.mint.read({ audience: 'challenge', token: identifier })
  return id === undefined ? undefined : state.challenges.get(id)
}

/**
 * Uses a challenge up, whatever becomes of the attempt. 400 when the identifier is forged, expired or used,
 * or was given to another token or for another purpose.
 */
export function takeChallenge(given: {
  state: State
  organisation: Organisation
  identifier: string
  purpose: Challenge['purpose']
  /** Absent for what is asked without a token. */
  tokenId?: string
}): Challenge {
  const { state, organisation, identifier, purpose, tokenId } = given
  const challenge = findChallenge({ state, identifier })
  const spent = challenge?.used && organisation.switches.singleUse === 'enforced'
  if (challenge === undefined || spent || challenge.tokenId !== tokenId) throw notValid()
  challenge.used = true
  if (challenge.purpose !== purpose) throw notValid()
  return challenge
}

/** What a challenge that may not be used is answered with. */
export const notValid = (): Refusal => new Refusal(400, 'Challenge token is not valid.')
