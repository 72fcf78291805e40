import { createPrivateKey } from 'node:crypto'

/** The key pair of RFC 8032, section 7.1, TEST 1, in PKCS#8 and SPKI: public knowledge, and nobody's. */
export const fixedPrivatePem = `-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g
-----END PRIVATE KEY-----
`
export const fixedPublicPem = `-----BEGIN PUBLIC KEY-----
MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=
-----END PUBLIC KEY-----`

export const fixedKey = createPrivateKey(fixedPrivatePem)
