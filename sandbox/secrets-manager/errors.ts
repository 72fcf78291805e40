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
export const invalidNextToken = () => error('InvalidNextTokenException')('NextToken is not valid.')
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

/** As IAM says it. */
export const secretDenied = ({ arn, operation }: { arn: string; operation: string }) =>
  error('AccessDeniedException')(
    'User: arn:aws:iam::000000000000:user/sandbox is not authorized to perform: ' +
      `secretsmanager:${operation} on resource: ${arn} because no identity-based policy allows the ` +
      `secretsmanager:${operation} action`,
  )

/** Seen by lgallard/terraform-aws-secrets-manager#188 and rebuy-de/aws-nuke#1127; so is the next one. */
export const readOnlyReplica = () =>
  invalidParameter(
    "Operation not permitted on a replica secret. Call must be made in primary secret's region.",
  )

export const stillReplicated = ({ arn, regions }: { arn: string; regions: readonly string[] }) =>
  invalidParameter(`You can't delete secret ${arn} that still has replica regions [${regions.join(', ')}].`)

/** The wording of AWS is not known. */
export const invalidReplicaRegion = () => invalidParameter('Invalid replica region.')

export const kmsDenied = () => error('AccessDeniedException')('Access to KMS is not allowed')

export const frequencyAndExpression = () =>
  invalidParameter('You cannot specify both rotation frequency and schedule expression together.')
