import { createInterface } from 'node:readline'
import { parseArgs } from 'node:util'
import { createClock } from '../sandbox/clock.ts'
import { openPasskeyScene, type PasskeyScene } from '../sandbox/passkey-scene.ts'
import { servePage } from './web/server.ts'

const help = `npm run web -- [--port N]

The passkey page on loopback addresses of this machine, at two domains, against a sandbox of Dfns with a
person who has no passkey yet. Nothing leaves the machine, and nothing is kept. Enter makes another one-time
code; Ctrl-C ends it.

  --port   port of the first domain (default 8443; 0: any); the second one has the next`

const { values } = parseArgs({
  options: { port: { type: 'string', default: '8443' }, help: { type: 'boolean', default: false } },
})

async function run(first: number): Promise<void> {
  const clock = createClock({ start: new Date() })
  clock.follow()
  // For a newcomer: what is registered is listed and accepted at once.
  const scene = await openPasskeyScene({
    clock,
    relyingParties: [],
    switches: { listLag: 0, acceptanceLag: 0 },
  })
  const places = await openPlaces({ scene, first })
  const [home, second] = places.map(({ origin }) => origin)
  console.log(`
The passkey page:  ${home}/#redeem&username=${encodeURIComponent(scene.person.username)}
The second domain: ${second}/   (the page's "Add a passkey" leads there)
The person:        ${scene.person.username}
`)
  const offer = () => {
    console.log(`A code for the first passkey, good for a minute: ${scene.code()}   (Enter: another)`)
  }
  offer()
  createInterface({ input: process.stdin }).on('line', offer)
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      void Promise.all([scene.stop(), ...places.map((place) => place.close())]).then(() => process.exit(0))
    })
  }
}

/** The page at two domains, each with a link to the other, and the passkeys of both allowed. */
async function openPlaces({ scene, first }: { scene: PasskeyScene; first: number }) {
  const origins = new Map<string, string>()
  const place = ({ host, name, port }: { host: string; name: string; port: number }) =>
    servePage({
      host,
      port,
      api: scene.url,
      config: () => ({
        apiUrl: scene.url,
        orgId: scene.orgId,
        relyingParty: { id: host, name: 'The sandbox' },
        otherSites: [...origins]
          .filter(([other]) => other !== name)
          .map(([other, url]) => ({ name: other, url })),
      }),
    })
  const places = [
    await place({ host: 'localhost', name: 'The first domain', port: first }),
    await place({ host: 'two.localhost', name: 'The second domain', port: first === 0 ? 0 : first + 1 }),
  ] as const
  for (const [index, name] of ['The first domain', 'The second domain'].entries()) {
    origins.set(name, `${places[index]?.origin}/`)
  }
  scene.dfns.setRelyingParties({
    orgId: scene.orgId,
    relyingParties: places.map(({ origin }) => ({ id: new URL(origin).hostname, origins: [origin] })),
  })
  return places
}

if (values.help) console.log(help)
else await run(Number(values.port))
