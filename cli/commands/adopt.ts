import { randomUUID } from 'node:crypto'
import { PutSecretValueCommand } from '@aws-sdk/client-secrets-manager'
import type { Means } from '../../lambdas/credentials/credential.ts'
import { openRun } from '../../lambdas/auditing/audit.ts'
import { deadlineOf } from '../../lambdas/ports/aws-client.ts'
import { awsFailure } from '../../lambdas/ports/aws-failure.ts'
import { type DescribedSecret, type SecretVersion, secretStore } from '../../lambdas/ports/secrets-manager.ts'
import { pendingVersion } from '../../lambdas/rotation/labels.ts'
import { meansOf } from '../../lambdas/rotation/means.ts'
import { assertComplete, checked } from '../adopt/check.ts'
import { asked, derived } from '../adopt/derive.ts'
import { additionsTo, type Standing, standingIn } from '../adopt/document.ts'
import { foundIn } from '../adopt/found.ts'
import { type Field, fieldOptions, saidBy, type Sources } from '../adopt/sources.ts'
import { type Command, oneSecret, outcome } from '../command.ts'
import type { Given } from '../options.ts'
import { type Context, describe } from '../context.ts'
import { refusal, usage } from '../failure.ts'
import { holdersOf } from '../holders.ts'
import { openingOf } from '../looking.ts'
import { type Look, shown, table, widest, wrap } from '../output.ts'

/** Brings what stands in a secret into the form that is rotated. */
export const adopt: Command = {
  name: 'adopt',
  summary: 'Brings a secret into the form that is rotated: adds fields, changes none',
  operands: oneSecret,
  options: {
    ...fieldOptions,
    'from-stdin': { says: 'fields as a JSON object on standard input: the way for what is secret' },
    'from-env': { says: 'fields from DFNS_AUTH_TOKEN, DFNS_PRIVATE_KEY, DFNS_CRED_ID and others' },
    'dry-run': { says: 'show what would be added, and write nothing' },
  },
  about: [
    'Finds what is needed in the secret under other names, in the token, at Dfns and at the signer, and ' +
      'asks for the rest by options. It shows what it would add, without values; has Dfns accept the key; ' +
      'and writes a new version only once you say so. Fields of yours stay as they are, to the letter.',
  ],
  examples: [
    'adopt prod/dfns/payments --kind ServiceAccountKey',
    'adopt prod/dfns/payments --dry-run --json',
    'adopt prod/dfns/hook --kind WebhookSecret --signer ARN --from-stdin --yes < fields.json',
  ],
  run: adopted,
}

/** What came of it. JSON; no values. */
interface Adoption {
  readonly secretId: string
  readonly added: readonly { readonly field: string; readonly from: string }[]
  /** The owner's, which stay as they are. */
  readonly kept: readonly string[]
  readonly isWritten: boolean
  readonly versionId: string | null
  readonly previousVersionId: string | null
}

async function adopted(context: Context, given: Given) {
  const isDry = given.flag('dry-run')
  if (given.flag('from-stdin') && !given.flag('yes') && !isDry)
    throw usage('--from-stdin leaves nobody to ask: say --yes or --dry-run with it')
  const secret = await describe(context, given.operands[0] ?? '')
  assertQuiet(secret)
  const plan = await planned({ context, given, secret })
  const { standing, added, version, text } = plan
  const result = resultOf({ secret, standing, added })
  if (added.size === 0 || isDry) return outcome({ result, text: textOf })
  if (!context.isJson) context.progress(difference(result, context.look))
  const bare = standing.isBareKey
    ? ' Applications that read the bare key have to read privateKey from now on.'
    : ''
  await context.confirm(`A new version of ${secret.arn} becomes AWSCURRENT.${bare} Go on?`)
  const versionId = await put({ context, secret, text, from: version?.versionId })
  const previousVersionId = version?.versionId ?? null
  return outcome({ result: { ...result, isWritten: true, versionId, previousVersionId }, text: textOf })
}

function assertQuiet(secret: DescribedSecret): void {
  if (secret.isDeleted) throw refusal(`${secret.arn} is marked for deletion: restore it first`)
  if (pendingVersion(secret) !== undefined)
    throw refusal(`a rotation of ${secret.arn} is not complete: npx dfns-rotator abandon ${secret.arn}`)
}

interface Plan {
  readonly version: SecretVersion | undefined
  readonly standing: Standing
  readonly added: Sources
  readonly text: string
}

async function planned(of: { context: Context; given: Given; secret: DescribedSecret }): Promise<Plan> {
  const { context, given, secret } = of
  const { clients, time } = context
  const secretArn = secret.arn
  const store = secretStore({ client: clients.secretsManager, secretId: secretArn, time })
  const version = await store.getSecretValue({ label: 'AWSCURRENT' })
  if (version !== undefined && version.text === undefined) throw refusal('AWSCURRENT is binary')
  const standing = standingIn(version?.text)
  const { means, managed } = await meansFor({ context, secret })
  const { fields } = standing
  const sources: Sources[] = [await saidBy({ given, process: context.process }), foundIn(fields)]
  const valueOf = (field: Field) =>
    Object.hasOwn(fields, field) ? fields[field] : sources.map((one) => one.get(field)).find(Boolean)?.value
  const textOfField = (field: Field) => {
    const value = valueOf(field)
    return typeof value === 'string' ? value : undefined
  }
  const known = { secretArn, means, textOf: textOfField }
  sources.push(withoutKnown({ sources: derived(known), valueOf }))
  sources.push(withoutKnown({ sources: await asked(known), valueOf }))
  assertComplete((field) => valueOf(field) !== undefined, textOfField('kind'))
  const added = additionsTo({ fields, sources })
  const text = standing.with(new Map([...added].map(([field, { value }]) => [field, value])))
  const kind = textOfField('kind') ?? ''
  const { id } = await checked({ text, kind, secretArn, means })
  const holders = await holdersOf({ context, secretArn, id, managed })
  if (holders.length > 0) throw refusal(`${holders.join(', ')} holds the credential ${id}, too: ${shared}`)
  return { version, standing, added, text }
}

const shared = 'give every secret a credential of its own. Nothing was changed'

/** What was found out is only a help: what stands there, or was said, comes first. */
function withoutKnown(of: { sources: Sources; valueOf: (field: Field) => unknown }): Sources {
  return new Map([...of.sources].filter(([field]) => of.valueOf(field) === undefined))
}

async function meansFor(of: { context: Context; secret: DescribedSecret }): Promise<{
  means: Means
  managed: readonly DescribedSecret[]
}> {
  const { context, secret } = of
  const { run, managed } = await openRun(await openingOf({ context, log: context.log, acts: false }))
  const { time, log, clients, policy: limits, dfnsAs } = run
  const nothing = { mayHaveAsked: async () => false, rememberAsked: async () => {} }
  const { secretsManager } = clients
  return {
    means: meansOf({ time, log, limits, secretsManager, dfnsAs, tags: secret.tags, ...nothing }),
    managed,
  }
}

async function put(of: {
  context: Context
  secret: DescribedSecret
  text: string
  from: string | undefined
}): Promise<string> {
  const { context, secret, text: SecretString, from } = of
  const { clients, time } = context
  const store = secretStore({ client: clients.secretsManager, secretId: secret.arn, time })
  const now = await store.describeSecret()
  assertQuiet(now)
  if (from !== undefined && now.stages.get(from)?.includes('AWSCURRENT') !== true)
    throw refusal('AWSCURRENT moved meanwhile. Nothing was changed')
  const ClientRequestToken = randomUUID()
  const command = new PutSecretValueCommand({ SecretId: secret.arn, ClientRequestToken, SecretString })
  await clients.secretsManager.send(command, { abortSignal: deadlineOf(time) }).catch((error: unknown) => {
    throw awsFailure({ code: 'ERR_STORE', error, action: 'PutSecretValue', on: secret.arn })
  })
  return ClientRequestToken
}

function resultOf(of: { secret: DescribedSecret; standing: Standing; added: Sources }): Adoption {
  const { secret, standing, added } = of
  return {
    secretId: secret.arn,
    added: [...added].map(([field, { from }]) => ({ field, from })),
    kept: Object.keys(standing.fields),
    isWritten: false,
    versionId: null,
    previousVersionId: null,
  }
}

function difference({ secretId, added, kept }: Adoption, look: Look): string {
  const rows = added.map(({ field, from }) => [`+ ${field}`, `from ${from}`])
  const width = Math.min(look.width, widest)
  const stay = wrap({
    text: `stay as they are: ${shown(kept.join(', ')) || 'none'}`,
    width: width - 2,
    indent: '  ',
  })
  return `${look.paint('bold', secretId)}\n${table({ head: ['field', ''], rows }, look)}\n  ${stay}`
}

function textOf(result: Adoption, look: Look): string {
  const { secretId, added, isWritten, versionId, previousVersionId } = result
  if (added.length === 0) return `${secretId} has the form that is rotated already.`
  if (!isWritten) return `${difference(result, look)}\nNothing was written.`
  const back =
    `aws secretsmanager update-secret-version-stage --secret-id ${secretId} --version-stage AWSCURRENT ` +
    `--move-to-version-id ${previousVersionId} --remove-from-version-id ${versionId}`
  const undo = previousVersionId === null ? [] : [`To take it back: ${back}`]
  return [`AWSCURRENT is version ${versionId}.`, ...undo, `Next: npx dfns-rotator doctor ${secretId}`].join(
    '\n',
  )
}
