import type { FaultPlan } from '../wire.ts'
import { type Account, guideWorld, newKey, openScene, type Scene } from '../scene.ts'
import { credentialRows, type Look, look, versionRows } from './looks.ts'
import type { Screen } from './screen.ts'

/** A secret under rotation, and the account at Dfns whose key it holds. */
interface Kept {
  readonly scene: Scene
  readonly screen: Screen
  readonly account: Account
  readonly secretArn: string
  /** What stood there when rotation was turned on. */
  readonly before: Look
}

const stranger = 'a key of somebody else'
const hourMs = 3_600_000

/** An organisation, a service account with a stranger's key on it, and a secret with rotation turned on. */
async function keep({
  scene,
  screen,
  allowed,
}: {
  scene: Scene
  screen: Screen
  allowed: boolean
}): Promise<Kept> {
  const { orgId } = scene.dfns.createOrganisation()
  if (allowed) scene.dfns.setSwitches({ orgId, switches: guideWorld })
  const account = scene.openAccount({ orgId, name: 'payments' })
  scene.dfns.addCredential({ userId: account.userId, name: stranger, publicKey: newKey().publicKey })
  const { privateKey } = account.document
  const document = { ...account.document, DFNS_PRIVATE_KEY: privateKey.replaceAll('\n', '\\n') }
  const name = allowed ? 'prod/dfns/payments' : 'prod/dfns/refused'
  const secretArn = await scene.keepSecret({ name, document, tags: { 'dfns-rotator:grace': 'PT24H' } })
  return { scene, screen, account, secretArn, before: await look({ scene, secretArn, account }) }
}

/** Opens the sandbox; its steps show on the screen from now on. */
export async function openStage(screen: Screen): Promise<Scene> {
  const scene = await openScene()
  screen.follow(scene.sandbox.engine.progress)
  screen.followRetirements(scene.sandbox.invocations.attempts)
  return scene
}

/** The main job: one rotation of a service account's key. */
export async function rotateOnce({ scene, screen }: { scene: Scene; screen: Screen }): Promise<Kept> {
  screen.title('1  A rotation')
  screen.text('Turning rotation on runs a test rotation: testSecret alone, on a copy of AWSCURRENT.')
  const kept = await keep({ scene, screen, allowed: true })
  screen.text('Now somebody presses «Rotate secret immediately».')
  const old = await scene.documentOf(kept.secretArn, 'AWSCURRENT')
  await scene.rotate(kept.secretArn)
  await showChange(kept)
  const current = await scene.documentOf(kept.secretArn, 'AWSCURRENT')
  screen.observe((await scene.signingStatus(current)) === 200, 'Dfns accepts the new key')
  screen.observe((await scene.signingStatus(old)) === 200, 'and still the old one: applications may cache it')
  screen.observe(old.authToken === current.authToken, 'the token stayed, as Dfns says it does')
  const own = current['DFNS_PRIVATE_KEY']?.replaceAll('\\n', '\n')
  screen.observe(
    own === current.privateKey,
    "the application's own field DFNS_PRIVATE_KEY changed with it, in its own form",
  )
  await passGrace(kept)
  const after = await showChange(kept)
  screen.observe((await scene.signingStatus(old)) === 401, 'Dfns refuses the old key')
  screen.observe((await scene.signingStatus(current)) === 200, 'and accepts the new one')
  screen.observe(isActive(after, stranger), "the stranger's credential is untouched")
  return { ...kept, before: after }
}

/** Until the schedule of the retirement has fired, and retire has run. */
async function passGrace({ scene, screen }: Kept): Promise<void> {
  screen.text('')
  screen.text('24 hours pass on the virtual clock: the grace is over, and its schedule invokes retire.')
  await scene.clock.advance(24 * hourMs + 60_000)
  await scene.sandbox.engine.settled()
}

/** The reply of Create Credential is lost, and the function dies with it. */
export async function rotateThroughALoss(kept: Kept): Promise<void> {
  const { scene, screen, secretArn } = kept
  screen.title(
    '2  A rotation whose Create Credential succeeds, but the reply is lost and the function killed',
  )
  const created = () =>
    kept.scene.dfns
      .effects({ userId: kept.account.userId })
      .filter(({ kind }) => kind === 'credential created').length
  const earlier = created()
  scene.sandbox.wire.plan = once('POST /auth/credentials')
  await scene.rotate(secretArn)
  const failure = scene.sandbox.engine.progress.items.at(-1)
  const died = failure?.type === 'step-ended' && !failure.ok && failure.step === 'setSecret'
  screen.observe(died, 'the function died in setSecret')
  screen.observe(created() === earlier + 1, 'Dfns made the credential; nobody was told')
  screen.text('Secrets Manager tries the same rotation again, a minute later on the virtual clock.')
  await scene.clock.advance(60_000)
  await scene.sandbox.engine.settled()
  await passGrace(kept)
  const after = await showChange(kept)
  const current = await scene.documentOf(secretArn, 'AWSCURRENT')
  screen.observe((await scene.signingStatus(current)) === 200, 'Dfns accepts the new key')
  screen.observe(created() === earlier + 1, 'one credential was created, not two: the retry looked first')
  screen.observe(
    after.credentials.filter((one) => one.isActive && one.name !== stranger).length === 1,
    'exactly one of ours is active',
  )
}

/** Dfns's API reference says that a service account may not do this. */
export async function meetARefusal({ scene, screen }: { scene: Scene; screen: Screen }): Promise<void> {
  screen.title('3  The same secret where Dfns does not let a service account register its own key')
  const kept = await keep({ scene, screen, allowed: false })
  const old = await scene.documentOf(kept.secretArn, 'AWSCURRENT')
  const effects = () =>
    scene.dfns.effects({ userId: kept.account.userId }).filter(({ kind }) => kind.startsWith('credential'))
      .length
  const earlier = effects()
  await scene.rotate(kept.secretArn)
  const after = await look(kept)
  const failure = scene.sandbox.engine.progress.items.findLast(({ type }) => type === 'step-ended')
  const refused = failure?.type === 'step-ended' && !failure.ok ? failure : undefined
  screen.observe(
    refused?.step === 'createSecret' && refused.errorType === 'ERR_NOT_ALLOWED',
    'it stopped in createSecret with ERR_NOT_ALLOWED',
  )
  screen.observe(
    refused?.errorMessage.includes('Ways out') === true,
    'the message names the secret, the endpoint and the ways out',
  )
  const current = await scene.documentOf(kept.secretArn, 'AWSCURRENT')
  screen.observe(JSON.stringify(current) === JSON.stringify(old), 'AWSCURRENT is untouched')
  screen.observe((await scene.signingStatus(current)) === 200, 'its key works as before')
  screen.observe(
    effects() === earlier && after.credentials.length === kept.before.credentials.length,
    'nothing was made or changed at Dfns',
  )
}

async function showChange(kept: Kept): Promise<Look> {
  const { screen, before } = kept
  const after = await look(kept)
  screen.table({
    head: ['version in Secrets Manager', 'before', 'after'],
    rows: versionRows({ before, after }),
  })
  screen.table({
    head: ['credential at Dfns', 'uuid', 'before', 'after'],
    rows: credentialRows({ before, after }),
  })
  screen.text('')
  return after
}

function isActive(at: Look, name: string): boolean {
  return at.credentials.some((credential) => credential.name === name && credential.isActive)
}

/** Kills the function at the first such call, after it was carried out. */
function once(operation: string): FaultPlan {
  let struck = false
  return (call) => {
    if (struck || call.operation !== operation) return undefined
    struck = true
    return 'killed-after'
  }
}
