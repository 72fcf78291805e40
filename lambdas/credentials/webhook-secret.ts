import { isMarkOf, markIn } from '../crypto/lineage.ts'
import { RotationError } from '../errors.ts'
import { originOf } from './base-url.ts'
import type { Credential, Means } from './credential.ts'
import { draftWebhook } from './webhook-creation.ts'
import { deletion } from './webhook-deletion.ts'
import { assertWebhookFollows, readWebhookDocument, type WebhookDocument } from './webhook-document.ts'
import { enable } from './webhook-enabling.ts'
import { keeperOf } from './webhook-keeper.ts'
import { probeWebhook } from './webhook-probe.ts'
import { proveWebhook } from './webhook-proof.ts'

/**
 * The secret of a webhook, which Dfns chooses when it makes one and never changes: so a rotation makes
 * another webhook like it. Both deliver every event until the old one is deleted.
 */
export function webhookSecret(means: Means): Credential<WebhookDocument> {
  return {
    read: readWebhookDocument,

    create: async ({ current, lineage, labelled }) => draftWebhook({ current, lineage, labelled, means }),

    probe: (asked) => probeWebhook({ ...asked, means }),

    register: (rotation) => enable({ ...rotation, means }),

    verify: (proof) => proveWebhook({ ...proof, means }),

    assertFollows: assertWebhookFollows,

    assertSameIdentity({ current, superseded: { baseUrl, orgId }, on }) {
      const origin = typeof baseUrl === 'string' ? originOf(baseUrl) : undefined
      if (orgId === current.orgId && origin === current.origin) return
      const problem = `${on} is of another organisation or baseUrl than AWSCURRENT`
      throw new RotationError('ERR_CANNOT_RETIRE', `${problem}: delete its webhook at Dfns by hand`)
    },

    deactivate: (rotation) => deletion({ ...rotation, means }),

    whatOf: async ({ superseded }) => ({ webhookId: superseded.id }),

    async idOf({ current, what }) {
      if (!('webhookId' in what)) return undefined
      const keeper = await keeperOf({ document: current, means })
      return (await keeper.find(what.webhookId))?.id
    },

    // Dfns signs with a webhook's secret, nobody else: there is no use of it that an audit log could tell.
    isUsedSince: async () => false,

    async isOurs({ current, id }) {
      const keeper = await keeperOf({ document: current, means })
      return isMarkOf(markIn((await keeper.find(id))?.description ?? ''), current.secretArn)
    },
  }
}
