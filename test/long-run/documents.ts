import { createPrivateKey, createPublicKey } from 'node:crypto'
import type { Secret, SecretVersion } from '../../sandbox/secrets-manager/secret.ts'

/** What a version says. */
export interface Read {
  readonly versionId: string
  /** The credential's id. */
  readonly id: string
  /** SPKI PEM. */
  readonly publicKey: string
  /** The rest of the document, which a rotation does not change. */
  readonly rest: string
}

/** Documents as they stand under a label; each version is read once, since it never changes. */
export function documentReader() {
  const read = (version: SecretVersion): Read | undefined => {
    if (version.value === undefined || !('SecretString' in version.value)) return undefined
    const document = JSON.parse(version.value.SecretString) as Record<'credId' | 'privateKey', string>
    const { credId, privateKey, ...rest } = document
    const publicKey = String(
      createPublicKey(createPrivateKey(privateKey)).export({ type: 'spki', format: 'pem' }),
    )
    return { versionId: version.id, id: credId, publicKey: publicKey.trim(), rest: JSON.stringify(rest) }
  }
  const known = new WeakMap<SecretVersion, Read>()
  const readOnce = (version: SecretVersion): Read | undefined => {
    const found = known.get(version) ?? read(version)
    if (found !== undefined) known.set(version, found)
    return found
  }
  return {
    under({ secret, label }: { secret: Secret; label: string }): Read | undefined {
      const version = [...secret.versions.values()].find(({ labels }) => labels.has(label))
      return version && readOnce(version)
    },
    /** The version that names a credential, labelled or not. */
    versionOf({ secret, id }: { secret: Secret; id: string }): SecretVersion | undefined {
      return [...secret.versions.values()].find((version) => readOnce(version)?.id === id)
    },
  }
}
