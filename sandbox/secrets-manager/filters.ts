import { invalidParameter } from './errors.ts'
import { type Input, requiredText, structures, texts } from './input.ts'
import { primaryRegionOf } from './replication.ts'
import type { Secret } from './secret.ts'

interface Search {
  /** The texts of a secret that a key looks at. */
  readonly texts: readonly string[]
  /** Without its exclamation mark. */
  readonly wanted: string
}

const beginsOne = ({ texts: found, wanted }: Search) => found.some((text) => text.startsWith(wanted))

const lowered = ({ texts: found, wanted }: Search): Search => ({
  texts: found.map((text) => text.toLowerCase()),
  wanted: wanted.toLowerCase(),
})

/** "Breaks the filter value string into words and then searches all attributes for matches." */
function hasWords(search: Search): boolean {
  const { texts: found, wanted } = lowered(search)
  return wanted.split(/\s+/).every((word) => found.some((text) => text.includes(word)))
}

interface Key {
  readonly textsOf: (secret: Secret) => string[]
  readonly matches: (search: Search) => boolean
}

const everything = ({ name, description = '', tags }: Secret) => [
  name,
  description,
  ...tags.keys(),
  ...tags.values(),
]

function regions(secret: Secret): string[] {
  const region = primaryRegionOf(secret)
  return region === undefined ? [] : [region]
}

const KEYS: ReadonlyMap<string, Key> = new Map([
  ['name', { textsOf: ({ name }) => [name], matches: beginsOne }],
  [
    'description',
    {
      textsOf: ({ description = '' }) => [description],
      matches: (search) => beginsOne(lowered(search)),
    },
  ],
  ['tag-key', { textsOf: ({ tags }) => [...tags.keys()], matches: beginsOne }],
  ['tag-value', { textsOf: ({ tags }) => [...tags.values()], matches: beginsOne }],
  ['primary-region', { textsOf: regions, matches: beginsOne }],
  ['owning-service', { textsOf: () => [], matches: beginsOne }],
  ['all', { textsOf: everything, matches: hasWords }],
])

/** With `!` in front, a value matches whatever it does not match without. */
function matchesValue({ key, secret, value }: { key: Key; secret: Secret; value: string }): boolean {
  const hit = key.matches({ texts: key.textsOf(secret), wanted: value.replace(/^!/, '') })
  return value.startsWith('!') ? !hit : hit
}

/** ListSecrets' Filters: every filter must match, by one of its values. */
export function filterOf(input: Input): (secret: Secret) => boolean {
  const filters = (structures(input, 'Filters') ?? []).map((filter) => {
    const name = requiredText(filter, 'Key')
    const key = KEYS.get(name)
    if (!key) throw invalidParameter(`The filter key ${name} is not known.`)
    return { key, values: texts(filter, 'Values', { entries: 10, max: 512 }) ?? [] }
  })
  return (secret) =>
    filters.every(({ key, values }) => values.some((value) => matchesValue({ key, secret, value })))
}
