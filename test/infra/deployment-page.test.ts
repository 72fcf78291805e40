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
  'client-cloudwatch-logs': 'logs',
  'client-lambda': 'lambda',
  'client-scheduler': 'scheduler',
  'client-secrets-manager': 'secretsmanager',
  'client-ssm': 'ssm',
}

const imports = /import \{([^}]+)\} from '@aws-sdk\/(client-[\w-]+)'/g

/** Every AWS call that a port knows, or a command makes by itself, as an action of IAM. */
function calls(): string[] {
  const files = ['lambdas/ports', 'cli'].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts'))
      .map((name) => readFileSync(join(root, folder, name), 'utf8')),
  )
  return files.flatMap((text) =>
    [...text.matchAll(imports)].flatMap(([, names = '', client = '']) =>
      [...names.matchAll(/\b(\w+)Command\b/g)].map(([, command]) => `${services[client]}:${command}`),
    ),
  )
}

test('the policy for people covers every call that a command can make, and names each action in full', () => {
  expect(calls()).toEqual(expect.arrayContaining(['logs:FilterLogEvents', 'secretsmanager:RotateSecret']))
  expect(calls().filter((action) => !allowed.includes(action))).toEqual([])
  expect(allowed.filter((action) => action.includes('*'))).toEqual([])
})

test('its only open resource is that of the two lists', () => {
  const open = statements.filter(({ Resource }) => Resource === '*').flatMap(({ Action }) => Action)
  expect(open).toEqual(['scheduler:ListSchedules', 'secretsmanager:ListSecrets'])
})
