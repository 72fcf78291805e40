import { randomUUID } from 'node:crypto'
import { signingStatus } from '../../sandbox/dfns/client.ts'
import { createDfnsHandler } from '../../sandbox/dfns/handler.ts'
import { deadLetterArn } from '../../sandbox/scene.ts'
import { incompletePending } from '../../sandbox/secrets-manager/labels.ts'
import type { SecretVersion } from '../../sandbox/secrets-manager/secret.ts'
import type { Simulation } from '../simulation/world.ts'
import type { Dice } from './dice.ts'
import type { Ledger } from './ledger.ts'
import type { Sky } from './weather.ts'

const hourMs = 3_600_000

export interface Town {
  readonly world: Simulation
  readonly ledger: Ledger
  readonly dice: Dice
  readonly sky: Sky
  readonly secrets: string[]
  /** What was done by hand and how often. */
  readonly deeds: Map<string, number>
  /** Secrets whose rotation cannot go on. */
  readonly stuck: Set<string>
  /** Tells a story of what is done to a secret. */
  readonly tell: (arn: string, line: string) => void
}

const edits = ['move AWSCURRENT back', 'remove AWSPENDING', 'put an edited value'] as const
export type Edit = (typeof edits)[number]

export const count = (town: Town, deed: string) => void town.deeds.set(deed, (town.deeds.get(deed) ?? 0) + 1)

export const randomEdit = ({ dice }: Town): Edit => dice.pick(edits)

/** An owner edits labels or a value by hand, between any two calls; nothing happens where there is nothing to edit. */
export async function edit(town: Town, { arn, what }: { arn: string; what: Edit }): Promise<void> {
  const { world, ledger, tell } = town
  const done = {
    'move AWSCURRENT back': moveBack,
    'remove AWSPENDING': removePending,
    'put an edited value': put,
  }[what]
  const call = done(town, arn)
  if (call === undefined) return
  count(town, what)
  tell(arn, `by hand: ${what} ${JSON.stringify(call.shown)}`)
  let answer: Promise<unknown> = Promise.resolve()
  ledger.byHand(() => {
    answer = world.secretsManager(call.operation, call.input)
  })
  await answer
  ledger.look()
}

interface Call {
  readonly operation: string
  readonly input: object
  readonly shown: object
}

/** Within the grace: while the version before is accepted, and was superseded for less than its grace. */
function moveBack({ ledger }: Town, arn: string): Call | undefined {
  const way = ledger.wayBack(arn)
  if (way === undefined) return undefined
  const input = {
    SecretId: arn,
    VersionStage: 'AWSCURRENT',
    RemoveFromVersionId: way.from,
    MoveToVersionId: way.to,
  }
  return { operation: 'UpdateSecretVersionStage', input, shown: way }
}

function removePending({ world }: Town, arn: string): Call | undefined {
  const pending = incompletePending(world.vault.find(arn))
  if (pending === undefined) return undefined
  const input = { SecretId: arn, VersionStage: 'AWSPENDING', RemoveFromVersionId: pending.id }
  return { operation: 'UpdateSecretVersionStage', input, shown: { from: pending.id } }
}

function put({ world, dice }: Town, arn: string): Call | undefined {
  const current = labelled({ world, arn, label: 'AWSCURRENT' })
  if (current === undefined) return undefined
  const document = { ...documentOf(current), note: `edited ${dice.whole(1, 1_000_000)}` }
  const input = { SecretId: arn, ClientRequestToken: randomUUID(), SecretString: JSON.stringify(document) }
  return { operation: 'PutSecretValue', input, shown: { as: input.ClientRequestToken } }
}

function labelled({ world, arn, label }: { world: Simulation; arn: string; label: string }) {
  return [...world.vault.find(arn).versions.values()].find(({ labels }) => labels.has(label))
}

interface Document {
  readonly credId: string
  readonly privateKey: string
  readonly authToken: string
}

function documentOf({ value }: SecretVersion): Document {
  return JSON.parse(value !== undefined && 'SecretString' in value ? value.SecretString : '{}') as Document
}

/**
 * The operator: hears the alarms. A retirement in the dead-letter queue is invoked again when the weather is calm,
 * unless a label names what it should retire; one that was undone, once its label is removed; a rotation that ended with ERR_CURRENT_CHANGED, after an edit by hand,
 * is given up as AWS's documentation says, by removing AWSPENDING.
 */
export function operate(town: Town, { end }: { end: number }): void {
  const { world, sky } = town
  let read = 0
  const round = async () => {
    const messages = world.queues.messages(deadLetterArn)
    if (sky.now() === 'calm') {
      for (; read < messages.length; read++) await redrive(town, messages[read]?.body ?? '')
      for (const arn of town.secrets) await giveUpStuck(town, arn)
    }
    if (world.clock.now() < end) world.clock.at(world.clock.now() + hourMs, round)
  }
  world.clock.at(world.clock.now() + hourMs, round)
}

async function redrive(town: Town, body: string): Promise<void> {
  const { world, tell } = town
  const { requestPayload: event, responsePayload } = JSON.parse(body) as {
    requestPayload: { secretArn: string }
    responsePayload: { errorType: string }
  }
  const { errorType } = responsePayload
  const deed = errorType === 'ERR_RETIRE_REFUSED' ? 'alarms looked at' : 'alarms, and retire invoked again'
  count(town, deed)
  tell(event.secretArn, `operator: dead letter ${errorType}, ${deed}`)
  if (errorType === 'ERR_RETIRE_UNDONE') await decide(town, event.secretArn)
  if (errorType !== 'ERR_RETIRE_REFUSED') world.asyncInvocations.invoke({ arn: world.retireArn, event })
}

/** In calm weather nothing is refused without a reason: the label that remembers an undone retirement goes. */
async function decide({ world }: Town, arn: string): Promise<void> {
  for (const { id, labels } of world.vault.find(arn).versions.values()) {
    for (const label of [...labels].filter((one) => one.startsWith('dfns-retire-undone-'))) {
      const input = { SecretId: arn, VersionStage: label, RemoveFromVersionId: id }
      await world.secretsManager('UpdateSecretVersionStage', input)
    }
  }
}

/** Whatever else stops a rotation passes, and the next window repeats it. */
async function giveUpStuck(town: Town, arn: string): Promise<void> {
  if (!town.stuck.delete(arn)) return
  if (incompletePending(town.world.vault.find(arn)) === undefined) return
  count(town, 'stuck rotations given up')
  await edit(town, { arn, what: 'remove AWSPENDING' })
}

/**
 * An application signs, really and at the simulator itself, so that no fault strikes: with AWSCURRENT, and with
 * AWSPREVIOUS while its grace lasts. Answers the statuses that it got.
 */
export async function sign({ world, ledger }: Town, arn: string): Promise<readonly number[]> {
  const handle = createDfnsHandler(world.dfns)
  const labels = ledger.isInGrace(arn) ? ['AWSCURRENT', 'AWSPREVIOUS'] : ['AWSCURRENT']
  const versions = labels.flatMap((label) => labelled({ world, arn, label }) ?? [])
  return Promise.all(versions.map((version) => signingStatus({ handle, holder: documentOf(version) })))
}
