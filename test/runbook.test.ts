import { describe, expect, test } from 'vitest'
import { given, sharedOptions } from '../cli/arguments.ts'
import { commands } from '../cli/commands.ts'
import { exitCodes } from '../cli/exit-codes.ts'
import { findings } from '../infra/findings.ts'
import { remedies } from '../lambdas/auditing/findings.ts'
import { errorCodes } from '../lambdas/errors.ts'
import { readPolicy } from '../lambdas/rotation/policy.ts'
import { readSettings } from '../lambdas/rotation/settings.ts'
import { ofType, resourcesOf, rotatorIn } from './infra/stack.ts'
import { proseOf } from './tidy/pages.ts'
import { readTree } from './tidy/tree.ts'

const tree = readTree()
const pages = tree.filter(({ path }) => path.endsWith('.md'))
const pageAt = (path: string) => tree.find((each) => each.path === path)?.text ?? ''

/** The part of a page under a heading of the second level. */
function partOf(path: string, heading: string): string {
  const [, part = ''] = pageAt(path).split(`\n## ${heading}\n`)
  return part.split('\n## ')[0] ?? ''
}

/** The cells of the rows of every table whose first heading is this. */
function rowsOf(text: string, first: string): readonly (readonly string[])[] {
  const blocks = text.split(/\n(?!\|)/).map((block) => block.trim())
  const tables = blocks.filter((block) => block.startsWith(`| ${first} |`))
  return tables.flatMap((table) =>
    table
      .split('\n')
      .slice(2)
      .map((row) => row.slice(2, -2).split(' | ')),
  )
}

const inCode = (text = ''): string[] => [...text.matchAll(/`([^`]+)`/g)].map(([, code = '']) => code)
const namesIn = (rows: readonly (readonly string[])[]) => rows.flatMap(([name]) => inCode(name)).toSorted()

const runbook = 'docs/operations.md'
const alarmRows = rowsOf(partOf(runbook, 'Alarms'), 'alarm')

describe('the runbook', () => {
  test('has a row for every alarm of the template, and for no other', () => {
    const alarms = ofType(resourcesOf(rotatorIn().stack), 'AWS::CloudWatch::Alarm')
    const names = alarms.map(([, { Properties }]) => String(Properties['AlarmName']))
    const events = ['RotationAbandoned', 'RotationFailed']
    expect(namesIn(alarmRows)).toEqual([...events, ...names].toSorted())
  })

  test('tells what the common alarm of findings rings for', () => {
    const [, what] = alarmRows.find(([name]) => name === '`dfns-rotator-found-other`') ?? []
    const own = namesIn(alarmRows).map((name) => name.replace('dfns-rotator-found-', ''))
    const others = Object.entries(findings).filter(
      ([type, means]) => means !== undefined && !own.includes(type),
    )
    expect(inCode(what).toSorted()).toEqual(others.map(([type]) => type).toSorted())
  })

  test('has a section for every error code, and for no other', () => {
    const sections = [...partOf(runbook, 'Error codes').matchAll(/^#### `(\w+)`$/gm)].map(
      ([, code = '']) => code,
    )
    expect(sections.toSorted()).toEqual([...errorCodes].toSorted())
  })

  test('has a row for every finding of the audit, and for no other', () => {
    expect(namesIn(rowsOf(partOf(runbook, 'The audit'), 'finding'))).toEqual(Object.keys(remedies).toSorted())
  })

  test('quotes messages as the code has them', () => {
    // Literals may be put together, and hold values.
    const code = tree
      .filter(({ path }) => path.startsWith('lambdas/') && path.endsWith('.ts'))
      .map(({ text }) => text.replaceAll(/['`] \+\n\s+['`]/g, '').replaceAll(/\$\{[^}]*\}/g, ''))
      .join('\n')
    const quoted = namesIn(rowsOf(partOf(runbook, 'Error codes'), 'message'))
    // AWS's own names, and statuses.
    const ours = quoted.filter((words) => !/^([A-Z]\w+(Exception|Error|Failure)|status \d+)$/.test(words))
    expect(ours.length).toBeGreaterThan(60)
    expect(
      ours.filter((words) => !code.includes(words.replaceAll("'", "\\'")) && !code.includes(words)),
    ).toEqual([])
  })
})

test('no page names an error code that there is not', () => {
  const ofClient = ['ERR_KIND', 'ERR_LOGIN', 'ERR_SIGNATURE', 'ERR_REPLAY', 'ERR_EVENT']
  const known: readonly string[] = [...errorCodes, ...ofClient]
  const named = pages.flatMap(({ path, text }) =>
    [...text.matchAll(/\bERR_[A-Z_]+\b/g)].map(([code]) => `${path}: ${code}`),
  )
  expect(named.filter((one) => !known.includes(one.split(': ')[1] ?? ''))).toEqual([])
})

describe('docs/cli.md', () => {
  test('has a row for every exit code, and for no other', () => {
    const rows = rowsOf(pageAt('docs/cli.md'), 'exit code').map(([code]) => Number(code))
    expect(rows).toEqual(Object.values(exitCodes).toSorted((a, b) => a - b))
  })

  test('tells of every option, and of no other', () => {
    const options = commands.flatMap((command) => Object.keys({ ...command.options, ...sharedOptions }))
    // npm's own option aside, by which npx does not download what has our name.
    const page = pageAt('docs/cli.md').replaceAll('npx --no-install ', '')
    const named = [...page.matchAll(/--([a-z][a-z-]+)/g)].map(([, name = '']) => name)
    const ordered = (names: readonly string[]) => [...new Set(names)].toSorted((a, b) => (a < b ? -1 : 1))
    expect(ordered(named)).toEqual(ordered(options))
  })

  test('has a row for every finding of doctor, and for no other', () => {
    const types = tree
      .filter(({ path }) => path.startsWith('cli/doctor/'))
      .flatMap(({ text }) => [...text.matchAll(/\btype: '([a-z-]+)'/g)].map(([, type = '']) => type))
    const ofDoctor = [...new Set(types)].filter((type) => !Object.hasOwn(remedies, type))
    expect(namesIn(rowsOf(partOf('docs/cli.md', 'doctor'), 'finding'))).toEqual(ofDoctor.toSorted())
  })
})

describe('README.md', () => {
  const page = pageAt('README.md')
  const defaults = readPolicy({ text: undefined, name: 'p' })

  test('shows the policy that counts where there is none, and a row for each of its fields', () => {
    const shown = [...page.matchAll(/```json\n([\s\S]*?)```/g)].map(([, text = '']) => text)
    const text = shown.find((json) => json.includes('allowedBaseUrls')) ?? ''
    expect(readPolicy({ text, name: 'p' })).toEqual(defaults)
    const schema = /const policy = v\.strictObject\(\{([\s\S]*?)^\}\)/m.exec(
      pageAt('lambdas/rotation/policy.ts'),
    )
    const fields = [...(schema?.[1] ?? '').matchAll(/^ {2}(\w+):/gm)].map(([, name = '']) => name)
    const rows = namesIn(rowsOf(page, 'field')).map((name) => name.replace(/\..*/, ''))
    expect([...new Set(rows)].toSorted()).toEqual(fields.toSorted())
  })

  test('shows tags and values that are understood, and no other', () => {
    const rows = rowsOf(page, 'tag')
    const tried = rows.flatMap(([tag = '', values = '']) =>
      inCode(values).map((value) => new Map([[inCode(tag)[0] ?? '', value]])),
    )
    expect(tried.length).toBeGreaterThan(12)
    for (const tags of tried) readSettings({ tags, policy: defaults, kind: 'WebhookSecret' })
    const knobs = /const knobs = \{([\s\S]*?)^ {2}\}/m.exec(pageAt('lambdas/rotation/settings.ts'))?.[1] ?? ''
    const known = [...knobs.matchAll(/^ {4}'?([\w-]+)'?:/gm)].map(([, name]) => `dfns-rotator:${name}`)
    expect(namesIn(rows)).toEqual(known.toSorted())
  })
})

/** What stands in code, in a line or in a block, without the ends of lines that only the page needs. */
function codeIn(text: string): readonly string[] {
  const blocks = [...text.matchAll(/^( *)```sh\n([\s\S]*?)^ *```$/gm)].map(([, , block = '']) => block)
  const lines = blocks.flatMap((block) => block.replaceAll('\\\n', '').split('\n'))
  return [...lines, ...inCode(proseOf({ path: '', text }))].map((line) =>
    line
      .replace(/(^|\s)# .*$/, '')
      .replaceAll(/\s+/g, ' ')
      .trim(),
  )
}

const npx = 'npx dfns-rotator '
const told = pages.flatMap(({ path, text }) => codeIn(text).map((line) => ({ path, line })))

describe('commands in pages', () => {
  test('are ours, with options that they have', () => {
    const wrong = told
      .filter(({ line }) => line.startsWith(npx) && !/^npx dfns-rotator (…|COMMAND|--help)/.test(line))
      .flatMap(({ path, line }) => {
        const [name, ...argv] = line.slice(npx.length).split(' ')
        const command = commands.find((each) => each.name === name)
        if (command === undefined) return [`${path}: ${line}`]
        try {
          // One that is spoken of stands without its operands.
          given({ command, argv: argv.length === 0 ? ['--help'] : argv })
          return []
        } catch {
          return [`${path}: ${line}`]
        }
      })
    expect(wrong).toEqual([])
  })

  test('are all of ours, in docs/cli.md', () => {
    const headings = [...pageAt('docs/cli.md').matchAll(/^## (\w+)$/gm)].map(([, name]) => name)
    expect(headings).toEqual(commands.map(({ name }) => name))
  })

  test('of aws are operations of the service', async () => {
    const services = {
      lambda: await import('@aws-sdk/client-lambda'),
      logs: await import('@aws-sdk/client-cloudwatch-logs'),
      scheduler: await import('@aws-sdk/client-scheduler'),
      secretsmanager: await import('@aws-sdk/client-secrets-manager'),
      ssm: await import('@aws-sdk/client-ssm'),
    }
    const asked = told.flatMap(({ path, line }) =>
      [...line.matchAll(/\baws (\w+) ([a-z-]+)/g)].map(([, service = '', operation = '']) => {
        const name = operation.replaceAll(/(?:^|-)([a-z])/g, (_, letter: string) => letter.toUpperCase())
        const client = Object.entries(services).find(([each]) => each === service)?.[1]
        return { text: `${path}: aws ${service} ${operation}`, is: client && `${name}Command` in client }
      }),
    )
    expect(asked.filter(({ is }) => is === true).length).toBeGreaterThan(20)
    expect(asked.filter(({ is }) => is === false).map(({ text }) => text)).toEqual([])
  })
})

test('a message of the functions names a command that there is', () => {
  const named = tree
    .filter(({ path }) => /^(lambdas|cli|infra)\/.*\.ts$/.test(path))
    .flatMap(({ path, text }) =>
      [...text.matchAll(/npx dfns-rotator ([a-z]+)/g)].map(([, name]) => ({ path, name })),
    )
  expect(named.length).toBeGreaterThan(8)
  expect(named.filter(({ name }) => !commands.some((each) => each.name === name))).toEqual([])
})
