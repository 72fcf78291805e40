import { readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { functionNames } from '../../infra/names.ts'
import { filesBelow, type Project, projectWith, root } from './installed.ts'

const timeout = 120_000

const declarations = [
  'index.d.ts',
  ...['construct', 'dfns-rotator', 'functions', 'knobs', 'monitoring', 'names', 'policy', 'retirement'].map(
    (name) => `infra/${name}.d.ts`,
  ),
  ...['rotation-window', 'secret-rotation', 'secret'].map((name) => `infra/${name}.d.ts`),
  'lambdas/credentials/kinds.d.ts',
  'lambdas/crypto/algorithms.d.ts',
]

const app = `
const app = new App({ outdir: process.argv[2] })
const stack = new Stack(app, 'Rotation')
const secret = new Secret(stack, 'Payments')
new DfnsRotator(stack, 'Rotator').rotates(secret, { schedule: RotationWindow.rate(Duration.days(30)) })
app.synth()
`
const modules = [
  ['{ App, Duration, Stack }', 'aws-cdk-lib'],
  ['{ Secret }', 'aws-cdk-lib/aws-secretsmanager'],
  ['{ DfnsRotator, RotationWindow }', 'dfns-rotator-cdk'],
] as const
const imports = modules.map(([names, module]) => `import ${names} from '${module}'\n`).join('')
const requires = modules.map(([names, module]) => `const ${names} = require('${module}')\n`).join('')

const typed = `${imports}
import type { AnySecret, DfnsRotatorProps, RotatesOptions } from 'dfns-rotator-cdk'
const stack = new Stack(new App(), 'Rotation')
const secret: AnySecret = new Secret(stack, 'Payments')
const props: DfnsRotatorProps = { policy: { grace: { default: Duration.hours(2) }, keyAlgorithm: 'Ed25519' } }
const options: RotatesOptions = { schedule: RotationWindow.rate(Duration.days(30)), kind: 'UserKey' }
const rotator = new DfnsRotator(stack, 'Rotator', props)
export const { gapHours }: { gapHours: number } = rotator.rotates(secret, options).window
rotator.monitoring.alarms.map((alarm) => alarm.alarmName.length)
rotator.functions.rotate.function.addEnvironment('NAME', rotator.schedules.deadLetters.queueName)
`
const mistaken = `${typed}
rotator.rotates(secret, { kind: 'Passkey' })
`

let project: Project

beforeAll(async () => {
  project = await projectWith({ name: 'cdk', linked: ['aws-cdk-lib', 'constructs', 'valibot'] })
}, timeout)
afterAll(() => rmSync(project.folder, { recursive: true }))

const built = (name: string) => readFileSync(join(root, 'dist', name, 'index.mjs'))

describe('the package', () => {
  test('holds the construct in both formats with its types, the three functions, and nothing else', () => {
    const formats = ['cjs', 'esm'].flatMap((format) =>
      ['index.js', ...declarations].map((name) => `${format}/${name}`),
    )
    const functions = functionNames.map((name) => `dist/${name}/index.mjs`)
    const rest = ['LICENSE', 'README.md', 'THIRD-PARTY-NOTICES.txt', 'package.json', 'cjs/package.json']
    expect(project.files).toEqual([...formats, ...functions, ...rest].toSorted())
  })

  test.for(functionNames)('holds the very %s that the tests ran', (name) => {
    expect(readFileSync(join(project.installed, 'dist', name, 'index.mjs')).equals(built(name))).toBe(true)
  })

  test('asks for what the construct was tested with, and for no copy of CDK of its own', () => {
    const read = (file: string) => JSON.parse(readFileSync(file, 'utf8')) as Record<string, object | string>
    const ours = read(join(root, 'package.json'))
    const its = read(join(project.installed, 'package.json'))
    const versions = { ...Object(ours['dependencies']), ...Object(ours['devDependencies']) } as object
    const at = (name: string) => [name, `^${(versions as Record<string, string>)[name]}`] as const
    expect(its['version']).toBe(ours['version'])
    expect(its['peerDependencies']).toEqual(Object.fromEntries([at('aws-cdk-lib'), at('constructs')]))
    expect(its['dependencies']).toEqual(Object.fromEntries([at('valibot')]))
  })

  test('names the licence of everything that the functions are made of', () => {
    const notices = readFileSync(join(project.installed, 'THIRD-PARTY-NOTICES.txt'), 'utf8')
    for (const name of ['@aws-sdk/client-secrets-manager', '@dfns/sdk', '@middy/core', 'valibot'])
      expect(notices).toMatch(new RegExp(`^${name} \\d+\\.\\d+\\.\\d+ \\([\\w.-]+\\)$`, 'm'))
    expect(notices).toContain('Permission is hereby granted')
    expect(notices).toContain('Apache License')
    expect(notices).not.toContain('undefined')
  })

  test('names no path of the machine that built it', () => {
    const files = filesBelow(project.installed)
    expect(files.length).toBe(project.files.length)
    expect(files.filter(({ text }) => text.includes(root)).map(({ path }) => path)).toEqual([])
  })
})

describe.each([
  ['an ES module app', 'app.mjs', `${imports}${app}`],
  ['a CommonJS app', 'app.cjs', `${requires}${app}`],
] as const)('%s', (_, file, text) => {
  test('synthesizes a rotated secret, and deploys the built functions as they are', { timeout }, async () => {
    project.write(file, text)
    await project.run(file, `out-${file}`)
    const out = join(project.folder, `out-${file}`)
    const template = readFileSync(join(out, 'Rotation.template.json'), 'utf8')
    expect(template.match(/"AWS::SecretsManager::RotationSchedule"/g)).toHaveLength(1)
    expect(template.match(/"AWS::Lambda::Function"/g)).toHaveLength(3)
    const assets = readdirSync(out).filter((name) => name.startsWith('asset.'))
    const deployed = assets.map((name) => {
      expect(readdirSync(join(out, name))).toEqual(['index.mjs'])
      return readFileSync(join(out, name, 'index.mjs'), 'utf8')
    })
    const functions = functionNames.map((name) => built(name).toString())
    expect(deployed.toSorted()).toEqual(functions.toSorted())
  })
})

test('its README makes a secret that holds no password, but waits for a credential', {
  timeout,
}, async () => {
  const [, example = ''] =
    /```ts\n([\s\S]*?)```/.exec(readFileSync(join(project.installed, 'README.md'), 'utf8')) ?? []
  const shown = "console.log(JSON.stringify(stack.node.root.synth().getStackByName('Rotation').template))"
  project.write('readme.mjs', `${example}\n${shown}\n`)
  const { Resources } = JSON.parse(await project.run('readme.mjs')) as {
    Resources: Record<string, { Type: string; Properties: object }>
  }
  const secrets = Object.values(Resources).filter(({ Type }) => Type === 'AWS::SecretsManager::Secret')
  expect(secrets.map(({ Properties }) => Properties)).toMatchObject([{ SecretString: '{}' }])
  expect(secrets[0]?.Properties).not.toHaveProperty('GenerateSecretString')
})

describe.each(['nodenext', 'node16'] as const)('a TypeScript app of %s', (module) => {
  test('finds the types right, in either format, and is told of its own mistake', { timeout }, async () => {
    for (const [name, text] of Object.entries({ 'a.mts': typed, 'a.cts': typed, 'mistaken.mts': mistaken }))
      project.write(name, text)
    const said = await project.typeErrors({ module, files: ['a.mts', 'a.cts', 'mistaken.mts'] })
    expect(said.trim().split('\n')).toEqual([expect.stringMatching(/^mistaken\.mts.*TS2322.*"Passkey"/)])
  })
})
