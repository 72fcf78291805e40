import { generateKeyPairSync, sign, verify } from 'node:crypto'

/** Milliseconds since the epoch; tests move it, the demo uses the wall clock. */
export interface Clock {
  now(): number
}

/** What a token is for. One kind never passes for another. */
export type Audience = 'access-token' | 'challenge' | 'user-action'

/** Issues and checks the JWTs of one simulator. */
export interface Mint {
  /** A signed JWT about the stored thing `id`, valid for `lifetime` ms from the last whole second. */
  issue(about: { audience: Audience; id: string; orgId: string; userId: string; lifetime: number }): string
  /** The `id` a token is about, or nothing when its signature, audience or expiry is wrong. */
  read(token: { audience: Audience; token: string }): string | undefined
}

// The claim that Dfns's SDK reads when it is given an orgId.
const metadataClaim = 'https://custom/app_metadata'
const header = encode({ typ: 'JWT', alg: 'EdDSA' })

/** How many of its own tokens a mint remembers. */
const remembered = 500

/** A mint with an Ed25519 key of its own, so that another simulator's tokens are refused. */
export function createMint({ clock }: { clock: Clock }): Mint {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  const seconds = () => clock.now() / 1000
  // A token that comes back as it was issued, byte by byte, bears the signature that it was given.
  const genuine = new Set<string>()
  const remember = (token: string) => {
    if (genuine.size >= remembered) genuine.clear()
    genuine.add(token)
  }
  const holds = (token: { text: string; signed: string; signature: string }) => {
    if (genuine.has(token.text)) return true
    const bytes = Buffer.from(token.signature, 'base64url')
    if (!verify(null, Buffer.from(token.signed), publicKey, bytes)) return false
    remember(token.text)
    return true
  }

  return {
    issue({ audience, id, orgId, userId, lifetime }) {
      const iat = Math.floor(seconds())
      const claims = {
        aud: audience,
        jti: id,
        iat,
        exp: iat + lifetime / 1000,
        [metadataClaim]: { orgId, userId },
      }
      const signed = `${header}.${encode(claims)}`
      const token = `${signed}.${sign(null, Buffer.from(signed), privateKey).toString('base64url')}`
      remember(token)
      return token
    },
    read({ audience, token }) {
      const [head, body, signature, ...rest] = token.split('.')
      if (body === undefined || signature === undefined || rest.length > 0) return undefined
      if (!holds({ text: token, signed: `${head}.${body}`, signature })) return undefined
      const { aud, jti, exp } = decode(body)
      return aud === audience && exp > seconds() ? jti : undefined
    },
  }
}

function encode(part: Record<string, unknown>): string {
  return Buffer.from(JSON.stringify(part)).toString('base64url')
}

/** Only called on a part whose signature held, which therefore is one of our own. */
function decode(part: string): { aud: string; jti: string; exp: number } {
  return JSON.parse(Buffer.from(part, 'base64url').toString('utf8')) as {
    aud: string
    jti: string
    exp: number
  }
}
