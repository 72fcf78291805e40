/** An error that an awsJson1.1 service answers with HTTP 400. `code` is the name that the SDK shows. */
export class ServiceError extends Error {
  readonly code: string

  constructor({ code, message }: { code: string; message: string }) {
    super(message)
    this.code = code
  }
}

const error = (code: string) => (message: string) => new ServiceError({ code, message })

/** Wrong in form, or wrong for this state of the secret. */
export const invalidParameter = error('InvalidParameterException')
/** Right in form, but not possible now. */
export const invalidRequest = error('InvalidRequestException')
const notFound = error('ResourceNotFoundException')
const alreadyExists = error('ResourceExistsException')
export const limitExceeded = error('LimitExceededException')
/** Outside the bounds of the API model. */
export const validation = error('ValidationException')
export const unknownOperation = error('UnknownOperationException')

export const secretNotFound = () => notFound("Secrets Manager can't find the specified secret.")

export const stageNotFound = (label: string) =>
  notFound(`Secrets Manager can't find the specified secret value for staging label: ${label}`)

export const versionNotFound = (versionId: string) =>
  notFound(`Secrets Manager can't find the specified secret value for VersionId: ${versionId}`)

export const stageMismatch = () =>
  invalidRequest('You provided a VersionStage that is not associated to the provided VersionId.')

export const markedForDeletion = () =>
  invalidRequest("You can't perform this operation on the secret because it was marked for deletion.")

export const nameTaken = (name: string) =>
  alreadyExists(`The operation failed because the secret ${name} already exists.`)

export const tokenReused = ({ token, arn }: { token: string; arn: string }) =>
  alreadyExists(
    `You can't use ClientRequestToken ${token} because that value is already in use ` +
      `for a version of secret ${arn}.`,
  )

export const removeFromMissing = ({ label, holder }: { label: string; holder: string }) =>
  invalidParameter(
    `The parameter RemoveFromVersionId can't be empty. Staging label ${label} is currently ` +
      `attached to version ${holder}, so you must explicitly reference that version in RemoveFromVersionId.`,
  )

/** The wording of AWS is not known; the rule (an exact compare-and-set) is. */
export const removeFromMismatch = (label: string) =>
  invalidParameter(
    `RemoveFromVersionId must be the version that staging label ${label} is currently attached to.`,
  )

export const currentCannotBeRemoved = () =>
  invalidParameter(
    'You can only move staging label AWSCURRENT to a different secret version. ' +
      "It can't be completely removed.",
  )

export const previousRotationIncomplete = () =>
  invalidRequest("A previous rotation isn't complete. That rotation will be reattempted.")

export const noRotationFunction = () =>
  invalidRequest('No Lambda rotation function ARN is associated with this secret.')

export const cannotInvoke = () =>
  error('AccessDeniedException')(
    'Secrets Manager cannot invoke the specified Lambda function. Ensure that the function policy ' +
      'grants access to the principal secretsmanager.amazonaws.com.',
  )

export const kmsDenied = () => error('AccessDeniedException')('Access to KMS is not allowed')

export const frequencyAndExpression = () =>
  invalidParameter('You cannot specify both rotation frequency and schedule expression together.')
