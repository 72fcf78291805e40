import type { FunctionName } from '../../infra/names.ts'
import { ofType, type Resources } from './stack.ts'

/** One thing that a role may do: a statement for one action on one resource. */
export interface Allowed {
  readonly action: string
  readonly resource: string
  readonly condition: Readonly<Record<string, Readonly<Record<string, unknown>>>>
}

export interface Statement {
  readonly Effect: string
  readonly Action: string | readonly string[]
  readonly Resource: unknown
  readonly Condition?: Allowed['condition']
}

/** Text of an ARN, with `<LogicalId>` or `<LogicalId.Attribute>` in the place of references. */
export function textOf(value: unknown): string {
  if (typeof value === 'string') return value
  const { Ref, 'Fn::GetAtt': attribute, 'Fn::Join': join } = value as Record<string, unknown>
  if (typeof Ref === 'string') return Ref === 'AWS::Partition' ? 'aws' : `<${Ref}>`
  if (Array.isArray(attribute)) return `<${attribute.join('.')}>`
  // What another stack exports.
  if (!Array.isArray(join)) return JSON.stringify(value)
  const [delimiter, parts] = join as [string, unknown[]]
  return parts.map(textOf).join(delimiter)
}

export function flat({ Effect, Action, Resource, Condition = {} }: Statement): Allowed[] {
  if (Effect !== 'Allow') throw new Error(`A role denies something: ${JSON.stringify(Action)}`)
  const resources = [Resource].flat().map(textOf)
  const condition = readable(Condition)
  return [Action].flat().flatMap((action) => resources.map((resource) => ({ action, resource, condition })))
}

const readable = (condition: Allowed['condition']): Allowed['condition'] =>
  Object.fromEntries(
    Object.entries(condition).map(([operator, keys]) => [
      operator,
      Object.fromEntries(
        Object.entries(keys).map(([key, value]) => [
          key,
          Array.isArray(value) ? value.map(textOf) : textOf(value),
        ]),
      ),
    ]),
  )

interface Document {
  readonly Statement: readonly Statement[]
}

/** The policies of a role: what IAM counts together, and what it counts each by itself. */
export function policiesOf(resources: Resources, name: FunctionName | 'scheduler') {
  const [id, role] = roleOf(resources, name)
  const inside = (role.Properties['Policies'] ?? []) as { PolicyDocument: Document }[]
  const beside = (type: string) =>
    ofType(resources, type)
      .filter(([, { Properties }]) => JSON.stringify(Properties['Roles']).includes(`"${id}"`))
      .map(([, { Properties }]) => Properties['PolicyDocument'] as Document)
  return {
    inline: [...inside.map(({ PolicyDocument }) => PolicyDocument), ...beside('AWS::IAM::Policy')],
    managed: beside('AWS::IAM::ManagedPolicy'),
  }
}

/** Characters of policies as IAM counts them; what is a reference in the template is an ARN of 100. */
export const sizeOf = (documents: readonly Document[]): number =>
  documents
    .map((document) =>
      JSON.stringify(document).replaceAll(/\{"(Ref|Fn::GetAtt)":[^}]+\}/g, `"${'?'.repeat(100)}"`),
    )
    .join('').length

/** Everything that the role of a function may do, by whatever policy. */
export function allowedTo(resources: Resources, name: FunctionName | 'scheduler'): Allowed[] {
  const { inline, managed } = policiesOf(resources, name)
  return [...inline, ...managed].flatMap((document) => document.Statement).flatMap(flat)
}

export function roleOf(resources: Resources, name: FunctionName | 'scheduler') {
  const part = name === 'scheduler' ? 'SchedulerRole' : `${name.charAt(0).toUpperCase()}${name.slice(1)}Role`
  const [found, ...others] = ofType(resources, 'AWS::IAM::Role').filter(([id]) => id.includes(part))
  if (!found || others.length > 0) throw new Error(`Expected exactly one role of ${name}`)
  return found
}

/** One call, as IAM sees it. */
export interface Asked {
  readonly action: string
  readonly resource: string
  /** The values of condition keys, for those that a condition may ask about. */
  readonly context?: Readonly<Record<string, string>>
}

const operators: Readonly<Record<string, (pattern: string, value: string) => boolean>> = {
  StringEquals: (pattern, value) => pattern === value,
  StringLike: matches,
}

/** Whether one of the statements allows it: `*` is any text, and every condition has to hold. */
export function isAllowed(by: readonly Allowed[], { action, resource, context = {} }: Asked): boolean {
  const holds = (condition: Allowed['condition']) =>
    Object.entries(condition).every(([operator, keys]) =>
      Object.entries(keys).every(([key, wanted]) => {
        const value = context[key]
        const compare = operators[operator]
        if (compare === undefined) throw new Error(`No test knows the operator ${operator}`)
        return value !== undefined && [wanted].flat().some((one) => compare(String(one), value))
      }),
    )
  return by.some(
    (allowed) => allowed.action === action && matches(allowed.resource, resource) && holds(allowed.condition),
  )
}

function matches(pattern: string, text: string): boolean {
  const escaped = pattern.split('*').map((part) => part.replaceAll(/[.+?^${}()|[\]\\]/g, '\\$&'))
  return new RegExp(`^${escaped.join('.*')}$`).test(text)
}
