/** What the page's address says; it is never sent to a server, for it stands behind the `#`. */
export interface Address {
  readonly username: string | undefined
  readonly orgId: string | undefined
  readonly startsWith: 'sign-in' | 'redeem'
}

/** Reads `#redeem`, `#username=…`, `#redeem&username=…&org=…`. */
export function readAddress(hash: string): Address {
  const fields = new URLSearchParams(hash.replace(/^#/, ''))
  return {
    username: fields.get('username') ?? undefined,
    orgId: fields.get('org') ?? undefined,
    startsWith: fields.has('redeem') ? 'redeem' : 'sign-in',
  }
}

/** The address that a reload needs: whose passkey to ask for. It holds nothing that opens anything. */
export function writeAddress(given: {
  username: string
  orgId: string | undefined
  startsWith?: 'redeem'
}): string {
  const { username, orgId, startsWith } = given
  const fields = [
    ...(startsWith === undefined ? [] : ['redeem']),
    ...(username === '' ? [] : [`username=${encodeURIComponent(username)}`]),
    ...(orgId === undefined || orgId === '' ? [] : [`org=${encodeURIComponent(orgId)}`]),
  ]
  return `#${fields.join('&')}`
}
