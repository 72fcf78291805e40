/** The Dfns API's two regions; `docs/passkeys.md` tells how to name another. */
const apiOrigins = ['https://api.dfns.io', 'https://api.uae.dfns.io'] as const

/**
 * The headers that every host must send with the passkey page. `connect-src` names the API's origins and the
 * page's own, whose `config.json` it reads, and nothing else.
 */
export function pageHeaders(api: readonly string[] = apiOrigins): Readonly<Record<string, string>> {
  return {
    'Content-Security-Policy': [
      "default-src 'none'",
      "script-src 'self'",
      "style-src 'self'",
      "img-src 'self'",
      `connect-src 'self' ${api.join(' ')}`,
      "base-uri 'none'",
      "form-action 'none'",
      "frame-ancestors 'none'",
      "require-trusted-types-for 'script'",
      "trusted-types 'none'",
    ].join('; '),
    'Permissions-Policy': [
      'publickey-credentials-create=(self)',
      'publickey-credentials-get=(self)',
      'clipboard-write=(self)',
      ...['camera', 'geolocation', 'microphone', 'payment', 'usb'].map((name) => `${name}=()`),
    ].join(', '),
    'Cross-Origin-Opener-Policy': 'same-origin',
    'Cross-Origin-Resource-Policy': 'same-origin',
    'Referrer-Policy': 'no-referrer',
    'Strict-Transport-Security': 'max-age=31536000',
    'X-Content-Type-Options': 'nosniff',
    'X-Frame-Options': 'DENY',
    'Cache-Control': 'no-cache',
  }
}

/** The headers in the form that Netlify, Cloudflare Pages and others read from a file. */
export function headersFile(headers = pageHeaders()): string {
  const lines = Object.entries(headers).map(([name, value]) => `  ${name}: ${value}`)
  return ['/*', ...lines, ''].join('\n')
}
