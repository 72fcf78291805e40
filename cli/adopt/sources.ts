import { text } from 'node:stream/consumers'
import { readJsonObject } from '../../lambdas/credentials/json.ts'
import { credentialKinds } from '../../lambdas/credentials/kinds.ts'
import type { Given, Options } from '../options.ts'
import type { Process } from '../context.ts'
import { usage } from '../failure.ts'

/** A value for a field, and where it is from, in words. */
export interface Source {
  readonly value: string | readonly string[]
  readonly from: string
}

export type Sources = ReadonlyMap<Field, Source>

/** All of them, in the order of our page. */
export const ourFields = [
  'kind',
  'baseUrl',
  'orgId',
  'username',
  'authToken',
  'credId',
  'privateKey',
  'webhookId',
  'webhookSecret',
  'url',
  'events',
  'signerArn',
] as const

export type Field = (typeof ourFields)[number]

/** What is no secret may stand on the command line. */
export const fieldOptions = {
  kind: {
    value: 'KIND',
    says: 'what it is',
    oneOf: credentialKinds,
  },
  'base-url': { value: 'URL', says: 'origin of the Dfns API' },
  'org-id': { value: 'ID', says: 'of the organisation, where no token tells it' },
  username: { value: 'NAME', says: 'of a user who logs in with the key' },
  'cred-id': { value: 'ID', says: 'of the credential, where Dfns does not tell it' },
  'webhook-id': { value: 'ID', says: 'of the webhook' },
  url: { value: 'URL', says: 'of the webhook' },
  events: { value: 'A,B', says: 'of the webhook, with commas between' },
  signer: { value: 'ARN', says: 'secret of whoever signs for it' },
} as const satisfies Options

const optionOf: Readonly<Partial<Record<Field, keyof typeof fieldOptions>>> = {
  kind: 'kind',
  baseUrl: 'base-url',
  orgId: 'org-id',
  username: 'username',
  credId: 'cred-id',
  webhookId: 'webhook-id',
  url: 'url',
  events: 'events',
  signerArn: 'signer',
}

/** What has to be kept off the command line, which others can read: its variable for --from-env. */
const variables = {
  authToken: 'DFNS_AUTH_TOKEN',
  credId: 'DFNS_CRED_ID',
  privateKey: 'DFNS_PRIVATE_KEY',
  orgId: 'DFNS_ORG_ID',
  baseUrl: 'DFNS_API_URL',
  webhookSecret: 'DFNS_WEBHOOK_SECRET',
} as const satisfies Partial<Record<Field, string>>

/** How somebody may say the value of a field. */
export function waysToSay(field: Field): string {
  const option = optionOf[field]
  if (option !== undefined) return `--${option}`
  const variable = Object.entries(variables).find(([name]) => name === field)?.[1]
  return `--from-stdin with {"${field}": …}, or ${variable} and --from-env`
}

/** What was said by options, standard input and environment, the first one first. */
export async function saidBy(of: { given: Given; process: Process }): Promise<Sources> {
  const { given, process } = of
  const said = new Map<Field, Source>()
  const add = (field: Field, source: Source) => said.has(field) || said.set(field, source)
  for (const [field, option] of Object.entries(optionOf) as [Field, keyof typeof fieldOptions][]) {
    const value = given.text(option)
    if (value !== undefined)
      add(field, { value: field === 'events' ? value.split(',') : value, from: `--${option}` })
  }
  if (given.flag('from-stdin')) {
    const fields = readJsonObject(await text(process.stdin))
    if (fields === undefined) throw usage('standard input is not a JSON object')
    for (const [name, value] of Object.entries(fields)) {
      if (!ourFields.some((field) => field === name))
        throw usage(`standard input has ${printable(name)}, which is no field of ours`)
      const isList = Array.isArray(value) && value.every((one) => typeof one === 'string')
      if (typeof value !== 'string' && !isList)
        throw usage(`the field ${printable(name)} of standard input is no text`)
      add(name as Field, { value: value as string | string[], from: 'standard input' })
    }
  }
  if (!given.flag('from-env')) return said
  for (const [field, name] of Object.entries(variables) as [Field, string][]) {
    const value = process.env[name]
    if (value) add(field, { value, from: name })
  }
  return said
}

export const printable = (name: string): string => name.replaceAll(/[^\w.-]/g, '?').slice(0, 64)
