import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { App, Stack } from 'aws-cdk-lib'
import { Secret } from 'aws-cdk-lib/aws-secretsmanager'
import { DfnsRotator } from '../../infra/dfns-rotator.ts'
import { deadLetterArn } from '../../sandbox/scene.ts'
import { anyManaged, anySigner, type AskedLine, type Caller, callers } from '../support/asked.ts'
import { type Allowed, allowedTo, type Asked, flat, isAllowed, roleOf, type Statement } from './iam.ts'
import { anyCode, context, ofType, type Resources, resourcesOf, root } from './stack.ts'

/** The account of every sandbox. */
const here = { account: '000000000000', region: 'eu-west-1' } as const
const sceneRole = `arn:aws:iam::${here.account}:role/dfns-rotator-scheduler`
const rotateArn = `arn:aws:lambda:${here.region}:${here.account}:function:dfns-rotator-rotate`

/** What everybody may do in one way to deploy, and what a scene's own resources are called there. */
interface Deployment {
  readonly name: string
  readonly allowed: Readonly<Partial<Record<Caller, readonly Allowed[]>>>
  readonly names: Readonly<Record<string, string>>
}

function deployed(name: string, rotate: (parts: { rotator: DfnsRotator; stack: Stack }) => void): Deployment {
  const stack = new Stack(new App({ context }), 'Rotation', { env: here })
  const policyParameterName = '/dfns-rotator/policy'
  rotate({ stack, rotator: new DfnsRotator(stack, 'Rotator', { code: anyCode, policyParameterName }) })
  const resources = resourcesOf(stack)
  const of = (caller: Exclude<Caller, 'people'>) => allowedTo(resources, caller)
  const allowed = {
    rotate: of('rotate'),
    retire: of('retire'),
    audit: of('audit'),
    scheduler: of('scheduler'),
  }
  const names = { [sceneRole]: arnOf(roleOf(resources, 'scheduler')[0]), [deadLetterArn]: queueIn(resources) }
  return { name, allowed, names }
}

const arnOf = (id: string) => `<${id}.Arn>`

function queueIn(resources: Resources): string {
  const [[id] = ['']] = ofType(resources, 'AWS::SQS::Queue')
  return arnOf(id)
}

const imported = (stack: Stack, arn: string) => Secret.fromSecretCompleteArn(stack, arn.slice(-6), arn)

/** What the page gives to people who run commands. */
function forPeople(): Deployment {
  const page = readFileSync(join(root, 'docs', 'deployment.md'), 'utf8')
  const json = /```json\n(\{\n {2}"Version"[^`]+)```/.exec(page)?.[1] ?? '{}'
  const { Statement: statements } = JSON.parse(
    json.replaceAll('REGION', here.region).replaceAll('ACCOUNT', here.account),
  ) as { Statement: readonly Statement[] }
  const names = { [sceneRole]: `arn:aws:iam::${here.account}:role/SCHEDULER_ROLE` }
  return { name: 'the page', allowed: { people: statements.flatMap(flat) }, names }
}

const deployments: readonly Deployment[] = [
  deployed('one by one', ({ stack, rotator }) => {
    rotator.rotates(imported(stack, anyManaged), { signer: imported(stack, anySigner) })
  }),
  deployed('by prefix', ({ stack, rotator }) => {
    rotator.rotatesPrefix('prod/dfns/', { signers: [imported(stack, anySigner)] })
  }),
  forPeople(),
]

function read(line: AskedLine): Asked & { caller: Caller } {
  const [caller = '', action = '', resource = '', ...keys] = line.split(' ')
  const given = Object.fromEntries(keys.map((key) => key.split('=') as [string, string]))
  const rotated = { 'secretsmanager:resource/AllowRotationLambdaArn': rotateArn }
  const known = callers.find((one) => one === caller)
  if (known === undefined) throw new Error(`nobody is called ${caller}`)
  return {
    caller: known,
    action,
    resource,
    context: { ...given, ...(resource === anyManaged && rotated) },
  }
}

/** What was asked and is not allowed, in any of the ways to deploy; a line each. */
export function notAllowed(asked: Iterable<AskedLine>): readonly string[] {
  const lines = [...new Set(asked)]
  return deployments.flatMap(({ name, allowed, names }) =>
    lines.flatMap((line) => {
      const { caller, ...one } = read(line)
      const resource = names[one.resource] ?? one.resource
      const by = allowed[caller]
      return by === undefined || isAllowed(by, { ...one, resource }) ? [] : [`${line} (${name})`]
    }),
  )
}

/** Of the services that our own code calls. */
export const isOurs = (action: string) => /^(secretsmanager|ssm|scheduler):/.test(action)

/** What a function's role allows of the services that it calls, and nobody asked for. */
export function notUsed(asked: Iterable<AskedLine>): readonly string[] {
  const used = new Set([...asked].map(read).map(({ caller, action }) => `${caller} ${action}`))
  const allowed = deployments.flatMap(({ allowed: by }) =>
    (['rotate', 'retire', 'audit'] as const).flatMap((caller) =>
      (by[caller] ?? []).filter(({ action }) => isOurs(action)).map(({ action }) => `${caller} ${action}`),
    ),
  )
  return [...new Set(allowed)].filter((one) => !used.has(one)).toSorted()
}
