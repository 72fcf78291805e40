import { createPrivateKey, createPublicKey } from 'node:crypto'
import type { Scene } from '../../sandbox/scene.ts'

// The invariants, looked at from outside and without a call: asking Dfns would change what is asked about.

/** Whether Dfns would accept the key of AWSCURRENT now. */
export function currentAuthenticates(scene: Scene, secretArn: string): boolean {
  const version = scene.sandbox.vault.find(secretArn)
  const labelled = [...version.versions.values()].find(({ labels }) => labels.has('AWSCURRENT'))
  if (labelled?.value === undefined || !('SecretString' in labelled.value)) return false
  const { credId, privateKey } = JSON.parse(labelled.value.SecretString) as {
    credId: string
    privateKey: string
  }
  return [...scene.dfns.state.credentials.values()].some(
    (credential) =>
      credential.credentialId === credId && credential.isActive && isPair(privateKey, credential.publicKey),
  )
}

function isPair(privateKey: string, publicKey: string): boolean {
  return createPublicKey(createPrivateKey(privateKey)).equals(createPublicKey(publicKey))
}
