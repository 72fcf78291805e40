import { randomBytes } from 'node:crypto'
import type { Call } from './call.ts'
import { Refusal } from './errors.ts'
import type { Challenge, SignedRequest } from './model.ts'

/** The relying party that Dfns still sends, deprecated. */
export const relyingParty = { id: 'dfns.io', name: 'Dfns' }

/**
 * A challenge for the calling token; its identifier is a JWT. Without `request` it is one to register a
 * credential.
 */
export function issueChallenge({ call, request }: { call: Call; request?: SignedRequest }): {
  challenge: string
  challengeIdentifier: string
} {
  const { state, organisation, token } = call
  const { orgId, userId, tokenId } = token
  const id = state.nextId('ch')
  const challenge = randomBytes(32).toString('base64url')
  const asked = request ? { request } : {}
  state.challenges.set(id, { id, tokenId, challenge, used: false, ...asked })
  const lifetime = organisation.switches.challengeTtl
  const challengeIdentifier = state.mint.issue({ audience: 'challenge', id, orgId, userId, lifetime })
  return { challenge, challengeIdentifier }
}

/**
 * Uses a challenge up, whatever becomes of the attempt. 400 when the identifier is forged, expired or used,
 * or was given to another token.
 */
export function takeChallenge({ call, identifier }: { call: Call; identifier: string }): Challenge {
  const { state, organisation, token } = call
  const id = state.mint.read({ audience: 'challenge', token: identifier })
  const challenge = id === undefined ? undefined : state.challenges.get(id)
  const spent = challenge?.used && organisation.switches.singleUse === 'enforced'
  if (challenge === undefined || spent || challenge.tokenId !== token.tokenId) {
    throw new Refusal(400, 'Challenge token is not valid.')
  }
  challenge.used = true
  return challenge
}
