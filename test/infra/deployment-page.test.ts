import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { root } from './stack.ts'

const page = readFileSync(join(root, 'docs', 'deployment.md'), 'utf8')
const json = /```json\n(\{\n {2}"Version"[^`]+)```/.exec(page)?.[1] ?? '{}'
const { Statement: statements = [] } = JSON.parse(json) as {
  Statement?: readonly { Action: string | readonly string[]; Resource: string }[]
}
const allowed = statements.flatMap(({ Action }) => Action)

const services: Readonly<Record<string, string>> = {
  'client-secrets-manager': 'secretsmanager',
  'client-scheduler': 'scheduler',
  'client-ssm': 'ssm',
}

/** Every AWS call that a port knows, as an action of IAM. */
function callsOfPorts(): string[] {
  const folder = join(root, 'lambdas', 'ports')
  return readdirSync(folder).flatMap((name) => {
    const text = readFileSync(join(folder, name), 'utf8')
    const client = /from '@aws-sdk\/(client-[\w-]+)'/.exec(text)?.[1] ?? ''
    const commands = text.matchAll(/new (\w+)Command\(/g)
    return [...commands].map(([, command]) => `${services[client]}:${command}`)
  })
}

test('the policy for people covers every call that a command can make, and names each action in full', () => {
  expect(callsOfPorts().length).toBeGreaterThan(10)
  expect(callsOfPorts().filter((action) => !allowed.includes(action))).toEqual([])
  expect(allowed.filter((action) => action.includes('*'))).toEqual([])
})

test('its only open resource is that of the two lists', () => {
  const open = statements.filter(({ Resource }) => Resource === '*').flatMap(({ Action }) => Action)
  expect(open).toEqual(['scheduler:ListSchedules', 'secretsmanager:ListSecrets'])
})

test('every npm script that the page names is one', () => {
  const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { scripts: object }
  const named = [...page.matchAll(/npm run (?:--silent )?([\w:]+)/g)].map(([, name = '']) => name)
  expect(named.filter((name) => !(name in scripts))).toEqual([])
  expect(named).toContain('template')
})
