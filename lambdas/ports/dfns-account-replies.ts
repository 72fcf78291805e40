import * as v from 'valibot'
import { dfnsId, headerText, nameText as name } from './dfns-replies.ts'

/** A permission as whoever holds it shows it. */
const assignment = v.object({
  permissionId: dfnsId,
  permissionName: v.optional(name, ''),
  operations: v.optional(v.array(v.string()), []),
})

const token = {
  tokenId: dfnsId,
  name,
  isActive: v.boolean(),
  // A credential's id, its uuid, or nothing: the sources contradict each other.
  credId: v.optional(v.nullable(v.pipe(v.string(), v.maxLength(1_024))), ''),
  publicKey: v.optional(v.nullable(v.string()), ''),
  dateCreated: v.optional(v.string()),
}
// Absent is not the same as none: what cannot be read cannot be copied.
const assignments = v.optional(v.array(assignment))
const userInfo = v.object({ userId: dfnsId, name, isActive: v.boolean(), permissionAssignments: assignments })

const serviceAccount = v.object({ userInfo, accessTokens: v.array(v.object(token)) })
const personalAccessToken = v.object({ ...token, permissionAssignments: assignments })
const permission = v.object({
  id: dfnsId,
  name,
  operations: v.array(v.string()),
  isArchived: v.optional(v.boolean(), false),
})

const made = { accessToken: headerText }
const page = <const S extends v.GenericSchema>(item: S) =>
  v.object({ items: v.array(item), nextPageToken: v.optional(v.nullable(v.string())) })

/** What is used of each reply. */
export const accountReplies = {
  serviceAccounts: v.object({ items: v.array(serviceAccount) }),
  newServiceAccount: v.object({
    userInfo: v.object({ userId: dfnsId }),
    accessTokens: v.pipe(v.array(v.object({ ...made, credId: token.credId })), v.minLength(1)),
  }),
  personalAccessTokens: v.object({ items: v.array(personalAccessToken) }),
  newPersonalAccessToken: v.object({ ...made, tokenId: dfnsId, credId: token.credId }),
  permissions: page(permission),
  assignments: page(v.object({ identityId: v.string() })),
  // Whole: whom a policy names, and what an approval is about, stands at a place that their kind decides.
  policies: page(v.looseObject({ id: dfnsId, name })),
  approvals: page(
    v.object({
      id: dfnsId,
      status: v.optional(v.string()),
      dateCreated: v.optional(v.string(), ''),
      activity: v.unknown(),
    }),
  ),
} as const

export type ServiceAccount = v.InferOutput<typeof serviceAccount>
export type PersonalAccessToken = v.InferOutput<typeof personalAccessToken>
export type PermissionAssignment = v.InferOutput<typeof assignment>
export type Permission = v.InferOutput<typeof permission>
export type NewServiceAccount = v.InferOutput<typeof accountReplies.newServiceAccount>
export type NewPersonalAccessToken = v.InferOutput<typeof accountReplies.newPersonalAccessToken>
export type Policy = v.InferOutput<typeof accountReplies.policies>['items'][number]
export type ListedApproval = v.InferOutput<typeof accountReplies.approvals>['items'][number]
