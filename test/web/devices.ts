import { Problem } from '../../web/core/problems.ts'
import type { Authenticator } from '../../web/core/authenticator.ts'
import { assert, attest, type HeldPasskey, newPasskey } from '../support/authenticator.ts'

interface Held {
  readonly passkey: HeldPasskey
  readonly rpId: string
  readonly userId: string
}

/** An authenticator as a person handles it. */
export interface Device {
  readonly attachment: 'platform' | 'cross-platform'
  readonly held: Held[]
  /** Whether the person answers its prompts. */
  isWilling: boolean
}

export function newDevice(attachment: Device['attachment'] = 'platform'): Device {
  return { attachment, held: [], isWilling: true }
}

/** A browser's passkeys, from the one device that the person holds just now. */
export interface Hands extends Authenticator {
  device: Device
  /** Every prompt so far. */
  readonly prompts: ('create' | 'get')[]
  /** Passkeys that the page called good for nothing. */
  readonly forgotten: string[]
  /** Keeps prompts open until it is resolved. */
  until?: Promise<void>
}

/**
 * WebAuthn by software: an authenticator that holds an excluded passkey refuses, one that holds a passkey for
 * the same person and relying party overwrites it, and only allowed ones sign.
 */
export function hands({ origin, device }: { origin: string; device: Device }): Hands {
  const it: Hands = {
    isSupported: true,
    device,
    prompts: [],
    forgotten: [],
    create: async ({ challenge, relyingParty: { id: rpId }, signal }) => {
      await opened(it, { kind: 'create', signal })
      const { held, attachment } = it.device
      if (held.some(({ passkey }) => challenge.excluded.includes(passkey.credId))) {
        throw new Problem('already-here')
      }
      const userId = challenge.user.id
      const former = held.findIndex((other) => other.rpId === rpId && other.userId === userId)
      if (former >= 0) held.splice(former, 1)
      const passkey = newPasskey()
      held.push({ passkey, rpId, userId })
      return { ...attest({ passkey, challenge: challenge.challenge, origin, rpId }), attachment }
    },
    get: async ({ challenge, rpId, allowed, signal }) => {
      await opened(it, { kind: 'get', signal })
      const { held, attachment } = it.device
      const offered = held.filter((each) => each.rpId === rpId)
      const found = offered.find(({ passkey }) => allowed.length === 0 || allowed.includes(passkey.credId))
      if (found === undefined) throw new Problem('prompt-ended')
      const { passkey, userId } = found
      const signed = assert({ passkey, challenge, origin, rpId, userHandle: userId })
      return { userHandle: undefined, ...signed, attachment }
    },
    forget: ({ credId }) => {
      it.forgotten.push(credId)
      return Promise.resolve()
    },
  }
  return it
}

async function opened(it: Hands, { kind, signal }: { kind: 'create' | 'get'; signal: AbortSignal }) {
  it.prompts.push(kind)
  const stopped = new Promise<never>((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(new Problem('stopped')))
  })
  await Promise.race([it.until ?? Promise.resolve(), stopped])
  if (!it.device.isWilling) throw new Problem('prompt-ended')
}
