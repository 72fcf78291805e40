import { seconds } from '../secrets-manager/description.ts'
import { validation } from '../secrets-manager/errors.ts'
import { createAwsJsonHandler } from '../secrets-manager/handler.ts'
import { flag, type Input, requiredText, text } from '../secrets-manager/input.ts'
import type { Operation } from '../secrets-manager/operation.ts'
import type { WireHandler } from '../wire.ts'
import { type Parameters, parameterArn } from './parameters.ts'

const STANDARD_TIER_CHARACTERS = 4096
const TYPES = ['String', 'StringList', 'SecureString']

const parameterName = (input: Input) => requiredText(input, 'Name', { max: 2048 })

function putParameter({ parameters, input }: { parameters: Parameters; input: Input }) {
  const type = text(input, 'Type') ?? 'String'
  if (!TYPES.includes(type)) throw validation(`The parameter type ${type} is not known.`)
  const { version } = parameters.put({
    name: parameterName(input),
    value: requiredText(input, 'Value', { max: STANDARD_TIER_CHARACTERS }),
    type,
    overwrite: flag(input, 'Overwrite') ?? false,
  })
  return { Version: version, Tier: 'Standard' }
}

function getParameter({ parameters, input }: { parameters: Parameters; input: Input }) {
  const { name, value, type, version, changedAt } = parameters.get(parameterName(input))
  return {
    Parameter: {
      ARN: parameterArn(name),
      Name: name,
      Type: type,
      Value: value,
      Version: version,
      LastModifiedDate: seconds(changedAt),
      DataType: 'text',
    },
  }
}

/** PutParameter, GetParameter and DeleteParameter on the wire. */
export function createSsmHandler(parameters: Parameters): WireHandler {
  return createAwsJsonHandler(
    new Map<string, Operation>([
      ['PutParameter', (input) => putParameter({ parameters, input })],
      ['GetParameter', (input) => getParameter({ parameters, input })],
      [
        'DeleteParameter',
        (input) => {
          parameters.delete(parameterName(input))
          return {}
        },
      ],
    ]),
  )
}
