import type { PasskeySwitches } from '../../../sandbox/dfns/passkey-switches.ts'
import { assert, attest, type Cbor, type HeldPasskey, newPasskey } from '../../support/authenticator.ts'
import { origin } from './passkey-world.ts'
import type { Proof, World } from './proof.ts'

const there = { origin, rpId: 'example.com' }
const post = (world: World, path: string, body: unknown) => world.send({ method: 'POST', path, body })

/** A person with these passkeys; the organisation takes those of example.com. */
function personWith({ world, passkeys }: { world: World; passkeys: readonly HeldPasskey[] }) {
  const { dfns, orgId } = world
  dfns.setRelyingParties({ orgId, relyingParties: [{ id: 'example.com', origins: '*' }] })
  const person = dfns.createPerson({ orgId, name: 'person' })
  const bound = { userId: person.userId, relyingPartyId: 'example.com', origin }
  const uuids = passkeys.map(({ credId, spki: publicKey }) =>
    dfns.addPasskey({ ...bound, name: 'passkey', credId, publicKey }),
  )
  return { ...person, uuids }
}

async function begin({ world, userId }: { world: World; userId: string }) {
  const { code } = world.dfns.issueCode({ userId })
  return (await post(world, '/auth/credentials/code/init', { code, credentialKind: 'Fido2' })).json
}

/** What is seen of each switch of passkeys; the first position is the default. */
export const passkeyProofs: { readonly [Name in keyof PasskeySwitches]: Proof<PasskeySwitches[Name]> } = {
  excludeCredentials: {
    observe: async (world) => {
      const passkeys = [newPasskey(), newPasskey()]
      const { userId, uuids } = personWith({ world, passkeys })
      const { publicKey } = world.account()
      world.change({ keyReuse: 'allow' })
      world.dfns.addCredential({ userId, name: 'key', publicKey })
      world.dfns.setCredentialActive({ credentialUuid: uuids[0]?.credentialUuid ?? '', isActive: false })
      const excluded = (await begin({ world, userId }))['excludeCredentials'] as { id: string }[]
      return excluded.map(({ id }) => passkeys.findIndex(({ credId }) => credId === id))
    },
    positions: [
      ['all', [0, 1]],
      ['active', [1]],
      ['none', []],
    ],
  },
  otherAttestations: {
    observe: async (world) => {
      const { userId } = personWith({ world, passkeys: [] })
      const register = async (statement: Map<string, Cbor>, format: string) => {
        const { challenge, challengeIdentifier } = await begin({ world, userId })
        const object = ({ authData }: { authData: Buffer }) =>
          new Map<string, Cbor>([
            ['fmt', format],
            ['attStmt', statement],
            ['authData', authData],
          ])
        const credentialInfo = attest({ ...there, passkey: newPasskey(), challenge, object })
        const body = { challengeIdentifier, credentialName: 'n', credentialKind: 'Fido2', credentialInfo }
        return (await post(world, '/auth/credentials/code/verify', body)).status
      }
      const wrong = new Map<string, Cbor>([
        ['alg', -7],
        ['sig', Buffer.alloc(70)],
      ])
      return [await register(new Map(), 'tpm'), await register(wrong, 'packed')]
    },
    positions: [
      ['refuse', [400, 400]],
      ['unproven', [200, 400]],
    ],
  },
  signCounter: {
    observe: async (world) => {
      const passkey = newPasskey()
      const { username } = personWith({ world, passkeys: [passkey] })
      const login = async (signCount: number) => {
        const begun = await post(world, '/auth/login/init', { orgId: world.orgId, username })
        const { challenge, challengeIdentifier } = begun.json
        const credentialAssertion = assert({ ...there, passkey, challenge, signCount })
        const firstFactor = { kind: 'Fido2', credentialAssertion }
        return (await post(world, '/auth/login', { challengeIdentifier, firstFactor })).status
      }
      return [await login(2), await login(2), await login(3)]
    },
    positions: [
      ['enforced', [200, 401, 200]],
      ['ignored', [200, 200, 200]],
    ],
  },
}
