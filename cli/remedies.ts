import type { ErrorCode } from '../lambdas/errors.ts'

/** What to do about each code, in one line. `docs/operations.md` tells more of each. */
export const remedies: Readonly<Record<ErrorCode, string>> = {
  ERR_EVENT_INVALID: 'nothing: the function is for Secrets Manager alone',
  ERR_NOT_ENABLED: 'turn rotation on for the secret',
  ERR_NOT_STAGED: 'name a version that is there and has a value: aws secretsmanager list-secret-version-ids',
  ERR_POLICY: 'correct the SSM parameter with the policy, or the permission to read it',
  ERR_TAG: 'correct the tag of the secret',
  ERR_DOCUMENT: 'correct the field that is named, or let adopt write what is missing',
  ERR_BASE_URL: 'correct baseUrl, or allow it in the policy',
  ERR_ORG: 'correct orgId or the token, or allow the organisation in the policy',
  ERR_SIGNER: 'correct the secret at signerArn, or give its user the permission that is named',
  ERR_TOKEN_EXPIRED: 'make a new token or account at Dfns, or set the tag dfns-rotator:strategy to replace',
  ERR_NOT_ALLOWED: 'have Dfns allow it, or name in signerArn a user who may do it',
  ERR_CANNOT_RETIRE: 'let the identity list and deactivate its credentials, or correct credId',
  ERR_CURRENT_CHANGED: 'look who moves AWSCURRENT; wait for the rotation that is under way, or abandon it',
  ERR_PREVIOUS_IN_GRACE: 'wait for the end of the grace: a later attempt goes on',
  ERR_WEBHOOK_CAP: 'delete a webhook at Dfns, or have it raise the limit',
  ERR_RECEIVER:
    'let the receiver accept what is signed with AWSPENDING, or set the tag dfns-rotator:webhook-ping',
  ERR_APPROVAL_PENDING: 'have the change approved at Dfns: the next attempt goes on',
  ERR_APPROVAL_DENIED: 'abandon the rotation: what was denied is not asked for again',
  ERR_VERIFY: 'look at the generation that is named; if that is AWSCURRENT put a value that works',
  ERR_DFNS_UNAVAILABLE: 'try again when Dfns answers',
  ERR_DFNS_RESPONSE: 'try again; if it stays, report it with the log line',
  ERR_STORE: 'correct the permissions on the secret and on its KMS key',
  ERR_SCHEDULER: 'correct the permissions on the schedule group, or set the tag dfns-rotator:grace to PT0S',
  ERR_RETIRE_REFUSED: 'look at the labels: AWSCURRENT or AWSPENDING names what was to be retired',
  ERR_RETIRE_UNDONE: 'decide: leave the old credential active, or remove the label dfns-retire-undone-…',
  ERR_SECRET_GONE: 'look at its name and the region; restore one that is marked for deletion',
}

/** The remedy of a code that may be of a later release than this. */
export const remedyOf = (code: string): string | undefined =>
  Object.entries(remedies).find(([known]) => known === code)?.[1]
