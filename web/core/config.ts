import { filled, listOf, object, optional, type Reader } from './fields.ts'
import { Problem } from './problems.ts'

/** Another place of this page, where a one-time code is redeemed. */
export interface OtherSite {
  readonly name: string
  readonly url: string
}

/** What `config.json` says; `docs/passkeys.md` explains it. */
export interface Config {
  /** Origin of the Dfns API. */
  readonly apiUrl: string
  /** Left out where one page serves several organisations: the person is asked. */
  readonly orgId: string | undefined
  readonly relyingParty: { readonly id: string; readonly name: string }
  readonly otherSites: readonly OtherSite[]
}

const loopback = /^(localhost|127\.0\.0\.1|\[::1\]|[\w-]+\.localhost)$/

/** An address without credentials, over https, or over http on a loopback address. */
const address: Reader<URL> = (value) => {
  const text = filled(value)
  if (!URL.canParse(text)) throw new Problem('unreadable')
  const url = new URL(text)
  const isSafe = url.protocol === 'https:' || (url.protocol === 'http:' && loopback.test(url.hostname))
  if (!isSafe || url.username !== '' || url.password !== '') throw new Problem('unreadable')
  return url
}

/** The address of an API: a bare origin, since every path is Dfns's own. */
const origin: Reader<string> = (value) => {
  const url = address(value)
  if (url.pathname !== '/' || url.search !== '' || url.hash !== '') throw new Problem('unreadable')
  return url.origin
}

const site: Reader<OtherSite> = (value) => {
  const fields = object(value)
  return { name: filled(fields['name']), url: address(fields['url']).href }
}

/**
 * Reads `config.json`. The relying party's id is the page's own host unless it says another, which must be
 * the host or a domain above it: a browser refuses every passkey of another.
 */
export function readConfig({ value, hostname }: { value: unknown; hostname: string }): Config {
  const fields = object(value)
  const party = object(fields['relyingParty'])
  const id = optional(filled)(party['id']) ?? hostname
  if (hostname !== id && !hostname.endsWith(`.${id}`)) throw new Problem('wrong-domain')
  return {
    apiUrl: origin(fields['apiUrl']),
    orgId: optional(filled)(fields['orgId']),
    relyingParty: { id, name: filled(party['name']) },
    otherSites: optional(listOf(site))(fields['otherSites']) ?? [],
  }
}
