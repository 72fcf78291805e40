import { createInterface } from 'node:readline'
import { parseArgs } from 'node:util'
import { createClock } from '../sandbox/clock.ts'
import { openPasskeyScene } from '../sandbox/passkey-scene.ts'
import { servePage } from './web/server.ts'

const help = `npm run web -- [--port N]

The passkey page on loopback addresses of this machine, at two domains, against a sandbox of Dfns with a
person who has no passkey yet. Nothing leaves the machine, and nothing is kept. Enter makes another one-time
code; Ctrl-C ends it.

  --port   port of the first domain (default 8443); the second one has the next`

const { values } = parseArgs({
  options: { port: { type: 'string', default: '8443' }, help: { type: 'boolean', default: false } },
})

async function run(port: number): Promise<void> {
  const hosts = ['localhost', 'two.localhost'] as const
  const places = hosts.map((host, index) => ({ id: host, origin: `http://${host}:${port + index}` }))
  const clock = createClock({ start: new Date() })
  clock.follow()
  const scene = await openPasskeyScene({
    clock,
    relyingParties: places.map(({ id, origin }) => ({ id, origins: [origin] })),
  })
  const { url: apiUrl, orgId, person } = scene
  const servers = await Promise.all(
    places.map(({ id, origin }, index) =>
      servePage({
        host: id,
        port: port + index,
        api: apiUrl,
        config: () => ({
          apiUrl,
          orgId,
          relyingParty: { id, name: 'The sandbox' },
          otherSites: places
            .filter((other) => other.origin !== origin)
            .map((other) => ({ name: 'The second domain', url: `${other.origin}/` })),
        }),
      }),
    ),
  )
  const [first] = places
  const username = encodeURIComponent(person.username)
  console.log(`
The passkey page:  ${first?.origin}/#redeem&username=${username}
and a second domain, for the code that it makes:  ${places[1]?.origin}/

The person:        ${person.username}
`)
  const offer = () =>
    console.log(`A code for the first passkey, good for a minute:  ${scene.code()}   (Enter: another)`)
  offer()
  createInterface({ input: process.stdin }).on('line', offer)
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      void Promise.all([scene.stop(), ...servers.map((server) => server.close())]).then(() => process.exit(0))
    })
  }
}

if (values.help) console.log(help)
else await run(Number(values.port))
