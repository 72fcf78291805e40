import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readJsonObject, stringsIn } from '../../lambdas/credentials/json.ts'

const nested = (depth: number) => `${'{"a":'.repeat(depth)}{}${'}'.repeat(depth)}`

describe('is no document', () => {
  test.for([
    ['nothing', ''],
    ['a word', 'hello'],
    ['a string', '"hello"'],
    ['a number', '42'],
    ['a boolean', 'false'],
    ['null', 'null'],
    ['a list', '[]'],
    ['a list of objects', '[{"kind":"ServiceAccountKey"}]'],
    ['two objects', '{}{}'],
    ['an object that is cut', '{"a":1'],
    ['a trailing comma', '{"a":1,}'],
    ['single quotes', "{'a':1}"],
    ['a comment', '{"a":1 /* one */}'],
    ['NaN', '{"a":NaN}'],
    ['a byte order mark', '\ufeff{}'],
    ['a raw newline in a string', '{"a":"\n"}'],
    ['a PEM', '-----BEGIN PRIVATE KEY-----\nMC4C\n-----END PRIVATE KEY-----\n'],
  ] as const)('%s', ([, text]) => {
    expect(readJsonObject(text)).toBeUndefined()
  })

  test('an object nested deeper than 32 levels', () => {
    expect(readJsonObject(nested(31))).toBeDefined()
    expect(readJsonObject(nested(32))).toBeUndefined()
  })

  test('an array nested deeper than 32 levels', () => {
    const arrays = (depth: number) => `{"a":${'['.repeat(depth)}${']'.repeat(depth)}}`
    expect(readJsonObject(arrays(31))).toBeDefined()
    expect(readJsonObject(arrays(32))).toBeUndefined()
  })

  test.for([
    ['objects', '{"a":', '}'],
    ['arrays', '[', ']'],
  ] as const)('a bomb of nested %s, which exhausts no stack', ([, open, close]) => {
    const depth = 100_000
    expect(readJsonObject(`{"a":${open.repeat(depth)}1${close.repeat(depth)}}`)).toBeUndefined()
  })
})

describe('a document', () => {
  test('may be wide', () => {
    const wide = Object.fromEntries(Array.from({ length: 5_000 }, (_, index) => [`f${index}`, [index]]))
    expect(readJsonObject(JSON.stringify(wide))).toEqual(wide)
  })

  test('whose field is called __proto__ has a field of that name, and no other prototype', () => {
    const value = readJsonObject('{"__proto__":{"kind":"evil"},"constructor":1}')
    expect(value && Object.getPrototypeOf(value)).toBe(Object.prototype)
    expect(value && Object.hasOwn(value, '__proto__')).toBe(true)
    expect(value?.['kind']).toBeUndefined()
    expect(({} as Record<string, unknown>)['kind']).toBeUndefined()
  })

  test('with two fields of one name has the last, as for every JSON reader of JavaScript', () => {
    expect(readJsonObject('{"credId":"a","credId":"b"}')).toEqual({ credId: 'b' })
  })

  test('survives a round trip', () => {
    const objects = fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 4 }))
    fc.assert(
      fc.property(objects, (object) => {
        const text = JSON.stringify(object)
        expect(JSON.stringify(readJsonObject(text))).toBe(text)
      }),
    )
  })
})

describe('the strings in a value', () => {
  test('are all of them, at every depth, with the names of nested fields', () => {
    const value = { a: 'b', c: ['d', { e: 'f', g: [['h']] }], i: null, j: 1, k: false }
    expect(stringsIn(value)).toEqual(expect.arrayContaining('abcdefghijk'.split('')))
  })

  test('are, in a list, one text as well: the lines of a key', () => {
    expect(stringsIn(['a', 'b'])).toEqual(['a', 'b', 'a\nb'])
  })

  test.for([null, 1, false, [], {}])('are none in %j', (value) => {
    expect(stringsIn(value)).toEqual([])
  })
})
