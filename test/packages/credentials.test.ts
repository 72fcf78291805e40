import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { functionNames } from '../../infra/names.ts'
import { root } from './installed.ts'

/** A role to assume, and a sign-in: what the AWS SDK's own chain asks for beyond the environment. */
const elsewhere = ['AssumeRoleWithWebIdentity', 'sso_start_url']

test.each(functionNames)('%s takes credentials of AWS from its environment alone', (name) => {
  const text = readFileSync(join(root, 'dist', name, 'index.mjs'), 'utf8')
  expect(text).toContain('AWS_SESSION_TOKEN')
  expect(elsewhere.filter((one) => text.includes(one))).toEqual([])
})

test('the commands take them from wherever the AWS CLI does', () => {
  const folder = join(root, 'dist/npm/cli/esm')
  const text = readdirSync(folder)
    .map((name) => readFileSync(join(folder, name), 'utf8'))
    .join('\n')
  expect(elsewhere.filter((one) => !text.includes(one))).toEqual([])
})
