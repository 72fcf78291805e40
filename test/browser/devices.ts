import type { CDPSession, Page } from 'playwright-core'

/** A virtual authenticator of a page's tab, which Chromium asks as it would a real one. */
export interface Device {
  /** What it holds, by credential id (base64url), with the relying party of each. */
  passkeys(): Promise<readonly { credId: string; rpId: string }[]>
  /** Whether somebody touches it when it is asked. */
  setPresent(isPresent: boolean): Promise<void>
  /** Whether the person's finger or PIN is the right one; without it a prompt ends. */
  setWilling(isWilling: boolean): Promise<void>
}

const wishes = {
  protocol: 'ctap2',
  hasResidentKey: true,
  hasUserVerification: true,
  isUserVerified: true,
  automaticPresenceSimulation: true,
} as const

/** Turns virtual authenticators on for a tab; they stay through reloads. */
export async function withDevices(page: Page): Promise<(transport: 'internal' | 'usb') => Promise<Device>> {
  const session = await page.context().newCDPSession(page)
  await session.send('WebAuthn.enable', { enableUI: false })
  return (transport) => plugIn({ session, transport })
}

async function plugIn({
  session,
  transport,
}: {
  session: CDPSession
  transport: 'internal' | 'usb'
}): Promise<Device> {
  const options = { ...wishes, transport }
  const { authenticatorId } = await session.send('WebAuthn.addVirtualAuthenticator', { options })
  return {
    passkeys: async () => {
      const { credentials } = await session.send('WebAuthn.getCredentials', { authenticatorId })
      return credentials.map(({ credentialId, rpId = '' }) => ({
        credId: Buffer.from(credentialId, 'base64').toString('base64url'),
        rpId,
      }))
    },
    setPresent: async (enabled) => {
      await session.send('WebAuthn.setAutomaticPresenceSimulation', { authenticatorId, enabled })
    },
    setWilling: async (isUserVerified) => {
      await session.send('WebAuthn.setUserVerified', { authenticatorId, isUserVerified })
    },
  }
}
