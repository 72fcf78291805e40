import { describe, expect, test } from 'vitest'
import { documentIn } from './documents.ts'
import type { Invocation, Phase } from './invocation.ts'
import { worldOf } from './matrix.ts'
import { receiverUrl, type SimulatedKind } from './secrets.ts'
import { createSimulation, type Simulation } from './world.ts'

const hourMs = 3_600_000
const dayMs = 24 * hourMs

const steps = ['createSecret', 'setSecret', 'testSecret', 'finishSecret'] as const
type Step = (typeof steps)[number]

/** Who is rotated by a signer, and the phases in which that one logs in. */
const signed: readonly (readonly [SimulatedKind, readonly Phase[]])[] = [
  ['signed token', ['createSecret', 'setSecret', 'finishSecret', 'retire']],
  ['replaced account', [...steps, 'retire']],
  // A token deactivates the one that it took the place of.
  ['replaced token', steps],
  ['webhook', [...steps, 'retire']],
]

/** The key that a signer logged in with for another secret, and the one that stood in its AWSCURRENT then. */
interface Login {
  readonly phase: Phase
  readonly used: string
  readonly current: string | undefined
}

const labelled = (world: Simulation, arn: string, label: string) =>
  [...world.vault.find(arn).versions.values()].find(({ labels }) => labels.has(label))

const currentId = (world: Simulation, arn: string) => documentIn(labelled(world, arn, 'AWSCURRENT'))?.id

function loginIn(body: string): string {
  const { firstFactor } = JSON.parse(body) as { firstFactor: { credentialAssertion: { credId: string } } }
  return firstFactor.credentialAssertion.credId
}

/** A secret whose signer is a user with a key in a secret that is rotated, too. */
async function open(kind: SimulatedKind, signerGrace: string) {
  const world = createSimulation({
    switches: worldOf(kind),
    // The next attempt of what is held comes after the grace of what is signed for.
    engineSwitches: { retryDelaysMs: [3 * hourMs] },
  })
  world.dfns.receive({ url: receiverUrl, respond: () => ({ status: 200 }) })
  const signer = await world.addSecret({ name: 'prod/user', kind: 'UserKey', grace: signerGrace })
  const { arn } = await world.addSecret({ name: 'prod/dfns', kind, signer, grace: 'PT1H' })
  const logins: Login[] = []
  const seen = new Set<Phase>()
  let [held, heldAt, before]: [Invocation?, Step?, Phase?] = []
  let meanwhile = async () => {}
  world.plan = ({ invocation, request }) => {
    const { phase, secretArn } = invocation
    if (secretArn === signer.arn && phase === heldAt) {
      held = invocation
      return 'killed-before'
    }
    if (secretArn !== arn) return undefined
    if (request.operation === 'POST /auth/login') {
      logins.push({ phase, used: loginIn(request.body), current: currentId(world, signer.arn) })
    }
    const isFirst = !seen.has(phase)
    seen.add(phase)
    return isFirst && phase === before ? { meanwhile } : undefined
  }
  return {
    world,
    arn,
    signer,
    logins,
    /** Rotates the signer up to a step, and no further until it is let go on. */
    rotateSigner: async ({ upTo }: { upTo: Step }) => {
      heldAt = steps[steps.indexOf(upTo) + 1]
      await world.rotateNow(signer.arn)
    },
    letGo: () => {
      heldAt = undefined
    },
    /** What the signer was held in goes on to its end just before a phase begins that it signs for. */
    goOnBefore: (phase: Phase) => {
      before = phase
      meanwhile = async () => {
        if (held === undefined) throw new Error('the signer is held in nothing')
        heldAt = undefined
        expect(await world.again(held)).toEqual({ ok: true, payload: null })
      }
    },
    failures: () =>
      world.engine.progress.items.flatMap((item) =>
        item.type === 'step-ended' && !item.ok && item.secretArn === arn
          ? [`${item.step} ${item.errorType}`]
          : [],
      ),
  }
}

describe.each(signed)('%s', (kind, phases) => {
  test.each(steps)('is rotated and retired by AWSCURRENT of a signer that has got to %s', async (upTo) => {
    const { world, arn, signer, logins, failures, rotateSigner, letGo } = await open(kind, 'P3D')
    const [own, first] = [currentId(world, arn), currentId(world, signer.arn)]
    await rotateSigner({ upTo })
    const isMoved = upTo === 'finishSecret'
    expect(currentId(world, signer.arn) === first).toBe(!isMoved)
    expect(labelled(world, signer.arn, 'AWSPENDING') === undefined).toBe(isMoved)
    const registered = world.dfns.credentials({ userId: signer.userId }).map(({ name }) => name)
    expect(registered.some((name) => name.startsWith('dfns-rotator'))).toBe(upTo !== 'createSecret')

    await world.rotateNow(arn)
    expect(failures()).toEqual([])
    expect(currentId(world, arn)).not.toBe(own)
    await world.advance(2 * hourMs)
    letGo()
    await world.advance(9 * dayMs)

    expect(logins.filter(({ used, current }) => used !== current)).toEqual([])
    expect(new Set(logins.map(({ phase }) => phase))).toEqual(new Set(phases))
    expect(currentId(world, signer.arn)).not.toBe(first)
    expect(world.findings).toEqual([])
    expect([arn, signer.arn].flatMap((one) => world.checkers.unconverged(one))).toEqual([])
    world.close()
  })

  test.each(phases)('is signed for where AWSCURRENT of its signer moves just before %s', async (phase) => {
    const { world, arn, signer, logins, failures, rotateSigner, goOnBefore } = await open(kind, 'PT0S')
    const [own, first] = [currentId(world, arn), currentId(world, signer.arn)]
    await rotateSigner({ upTo: 'testSecret' })
    goOnBefore(phase)
    await world.rotateNow(arn)
    await world.advance(2 * dayMs)

    expect(failures()).toEqual([])
    expect(currentId(world, arn)).not.toBe(own)
    const second = currentId(world, signer.arn)
    // The first key is not accepted from then on.
    const isBefore = (one: Login) => phases.indexOf(one.phase) < phases.indexOf(phase)
    expect(logins.map(({ used }) => used)).toEqual(logins.map((one) => (isBefore(one) ? first : second)))
    expect(new Set(logins.map((login) => login.phase))).toEqual(new Set(phases))
    const old = world.dfns.credentials({ userId: signer.userId }).find((one) => one.credentialId === first)
    expect(old).toMatchObject({ isActive: false })
    await world.advance(7 * dayMs)
    expect(world.findings).toEqual([])
    expect([arn, signer.arn].flatMap((one) => world.checkers.unconverged(one))).toEqual([])
    world.close()
  })
})
