import type { Clock } from '../clock.ts'
import { ServiceError } from '../secrets-manager/errors.ts'

export interface Parameter {
  readonly name: string
  readonly value: string
  readonly type: string
  readonly version: number
  readonly changedAt: number
}

/** Parameter Store: parameters by name, state only. */
export interface Parameters {
  /** Throws ParameterAlreadyExists unless `overwrite`; each write counts the version up. */
  put(parameter: Pick<Parameter, 'name' | 'value' | 'type'> & { overwrite: boolean }): Parameter
  /** By name or ARN. Throws ParameterNotFound. */
  get(name: string): Parameter
  /** Throws ParameterNotFound. */
  delete(name: string): void
}

const ARN_PREFIX = 'arn:aws:ssm:eu-west-1:000000000000:parameter'

/** The ARN of a parameter; a hierarchical name brings its own slash. */
export const parameterArn = (name: string) => `${ARN_PREFIX}${name.startsWith('/') ? '' : '/'}${name}`

/** Makes an empty store. */
export function createParameters(clock: Clock): Parameters {
  const parameters = new Map<string, Parameter>()

  const get: Parameters['get'] = (name) => {
    const byArn = () => [...parameters.values()].find((parameter) => parameterArn(parameter.name) === name)
    const parameter = parameters.get(name) ?? byArn()
    if (!parameter)
      throw new ServiceError({ code: 'ParameterNotFound', message: `Parameter ${name} not found.` })
    return parameter
  }

  return {
    get,
    put: ({ overwrite, ...parameter }) => {
      const known = parameters.get(parameter.name)
      if (known && !overwrite) {
        const message =
          'The parameter already exists. ' +
          'To overwrite this value, set the overwrite option in the request to true.'
        throw new ServiceError({ code: 'ParameterAlreadyExists', message })
      }
      const written = { ...parameter, version: (known?.version ?? 0) + 1, changedAt: clock.now() }
      parameters.set(parameter.name, written)
      return written
    },
    delete: (name) => {
      parameters.delete(get(name).name)
    },
  }
}
