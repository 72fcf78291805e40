import { selfRotation } from '../../sandbox/dfns/switches.ts'
import { newKey } from '../../sandbox/scene.ts'
import { testCredential } from '../credentials/conformance.ts'
import { dfnsWorld } from '../support/dfns-world.ts'
import { readerKey } from './reader-key.ts'

/** What the conformance suite asks of a new kind: a world, a document, and how many generations are active. */
async function openReader() {
  const world = await dfnsWorld({ selfRotation: selfRotation.allRefused })
  const { dfns, orgId, url: baseUrl } = world
  const { publicKey, privateKey } = newKey()
  const reader = 'reader@example.com'
  const { userId, credId } = dfns.createUser({ orgId, name: 'reader', username: reader, publicKey })
  const document = {
    kind: 'ReaderKey',
    baseUrl,
    orgId,
    reader,
    credId,
    privateKey,
    note: ['any', { thing: 1 }],
  }
  const active = () => dfns.credentials({ userId }).filter(({ isActive }) => isActive).length
  return { world, credential: readerKey(world.means), document, creation: 'POST /auth/credentials', active }
}

testCredential({ kind: 'the worked example of ARCHITECTURE.md', open: openReader })
