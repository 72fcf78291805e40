import { readJsonObject } from '../../lambdas/credentials/json.ts'
import { readPrivateKey } from '../../lambdas/crypto/private-key.ts'
import { ourFields } from '../adopt/sources.ts'

/**
 * What is wrong with a value that cannot be read as a document, more exactly than a reader would say that has
 * to refuse it. Names fields, never a value.
 */
export function problemIn(text: string | undefined): string | undefined {
  if (text === undefined) return 'AWSCURRENT is binary, and not a JSON document'
  if (readPrivateKey(text.trim()) !== undefined)
    return 'AWSCURRENT is a bare private key, and not a JSON document'
  const fields = readJsonObject(text)
  if (fields === undefined) return undefined
  const names = Object.keys(fields)
  const credentials = names.filter((name) => isCredential(fields[name]))
  if (credentials.length > 1) return `AWSCURRENT holds several credentials: ${credentials.join(', ')}`
  const misspelt = names.flatMap((name) => {
    const meant = ourFields.find((ours) => ours !== name && plain(ours) === plain(name) && !(ours in fields))
    return meant === undefined ? [] : [`${name} is not ${meant}`]
  })
  return misspelt.length === 0 ? undefined : `fields have other names than ours: ${misspelt.join(', ')}`
}

/** `Cred_ID` as `credid`. */
const plain = (name: string): string => name.toLowerCase().replaceAll(/[^a-z0-9]/g, '')

function isCredential(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  const names = Object.keys(value).map(plain)
  return ['credid', 'privatekey', 'webhookid'].some((name) => names.includes(name))
}
