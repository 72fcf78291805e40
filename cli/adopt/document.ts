import { type JsonObject, readJsonObject } from '../../lambdas/credentials/json.ts'
import { readPrivateKey } from '../../lambdas/crypto/private-key.ts'
import { refusal } from '../failure.ts'
import { type Field, ourFields, type Sources } from './sources.ts'

/** A value as it stands, and how fields are put into it. */
export interface Standing {
  readonly fields: JsonObject
  /** Whether applications read the value itself: then its form changes. */
  readonly isBareKey: boolean
  /** The whole text with fields added, and everything else as it was written, to the letter. */
  with(fields: ReadonlyMap<string, unknown>): string
}

export function standingIn(text: string | undefined): Standing {
  if (text === undefined || text.trim() === '') return objectOf('{}', {})
  const bare = readPrivateKey(text) ?? readPrivateKey(text.trim())
  if (bare !== undefined) return keyOf(text)
  const fields = readJsonObject(text)
  if (fields !== undefined) return objectOf(text, fields)
  throw refusal('AWSCURRENT is neither a JSON object nor one private key: put it into such a form first')
}

function keyOf(text: string): Standing {
  const privateKey = readPrivateKey(text) === undefined ? text.trim() : text
  return {
    fields: { privateKey },
    isBareKey: true,
    with: (fields) => JSON.stringify({ privateKey, ...Object.fromEntries(fields) }),
  }
}

/** Numbers, order and white space of the owner's stay: the new fields stand before the last brace. */
function objectOf(text: string, fields: JsonObject): Standing {
  const end = text.lastIndexOf('}')
  const begin = text.slice(0, end).trimEnd()
  const comma = Object.keys(fields).length === 0 ? '' : ','
  return {
    fields,
    isBareKey: false,
    with: (added) => {
      const more = [...added].map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`)
      return more.length === 0 ? text : `${begin}${comma}${more.join(',')}${text.slice(end)}`
    },
  }
}

/** What is to be added, in the order of our page; what stands there already is never changed. */
export function additionsTo(of: { fields: JsonObject; sources: readonly Sources[] }): Sources {
  const { fields, sources } = of
  const added: [Field, { value: string | readonly string[]; from: string }][] = []
  for (const field of ourFields) {
    const source = sources.map((one) => one.get(field)).find((one) => one !== undefined)
    if (source === undefined) continue
    if (!Object.hasOwn(fields, field)) added.push([field, source])
    else if (JSON.stringify(fields[field]) !== JSON.stringify(source.value)) throw differs(field, source.from)
  }
  return new Map(added)
}

function differs(field: Field, from: string) {
  const problem = `${field} stands in the secret, and ${from} says something else`
  return refusal(
    `${problem}. adopt adds fields and changes none: put another value yourself. Nothing was changed`,
  )
}
