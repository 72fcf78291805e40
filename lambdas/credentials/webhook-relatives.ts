import { isMarkOf, isMarkOfRotation, markIn } from '../crypto/lineage.ts'
import type { Webhook } from '../ports/dfns-webhook-replies.ts'
import type { Labelled } from './credential.ts'
import { generationIn } from './document.ts'
import type { WebhookDocument } from './webhook-document.ts'

/** What Dfns has of a secret's webhooks beside the current one. Strangers are in neither list. */
export interface Relatives {
  /** Older than the current one, or AWSPREVIOUS: events that it alone carries may still be delivered. */
  readonly alive: readonly Webhook[]
  /** Made by rotations of this secret, and stored by none. */
  readonly strays: readonly Webhook[]
}

/**
 * Who is who, by mark. What a label names is left alone, and so is what carries the token of a labelled
 * version but is not that version's own, until that label is gone: only then nobody can be about to look.
 * The token of the rotation under way is no such: its version has no value yet, or nobody would ask.
 */
export function relativesOf(asked: {
  current: WebhookDocument
  /** When the current one was made, as Dfns tells of it alone: a list may miss it. */
  born: number
  all: readonly Webhook[]
  token: string | undefined
  versionIds: readonly string[]
  previousId: string | undefined
}): Relatives {
  const { current, born, all, token, versionIds, previousId } = asked
  const { secretArn, id } = current
  const labelled = versionIds.filter((versionId) => versionId !== token)
  const others = all.filter((webhook) => webhook.id !== id)
  const unlabelled = others.filter(({ description, id: other }) => {
    const mark = markIn(description)
    const isLabelled = labelled.some((versionId) => isMarkOfRotation(mark, { secretArn, token: versionId }))
    return isMarkOf(mark, secretArn) && !isLabelled && other !== previousId
  })
  // A stray is Disabled until setSecret; what was enabled before the current one was born was once current.
  const wasCurrent = ({ status, dateCreated }: Webhook) => status === 'Enabled' && dateCreated < born
  return {
    alive: others.filter(
      (webhook) => webhook.id === previousId || (unlabelled.includes(webhook) && wasCurrent(webhook)),
    ),
    strays: unlabelled.filter((webhook) => !wasCurrent(webhook)),
  }
}

/** The id in AWSPREVIOUS; nothing if there is no such version, or it is not of a webhook that we can read. */
export async function previousIdOf(labelled: Labelled | undefined): Promise<string | undefined> {
  return labelled && (await generationIn(labelled.previous()))?.id
}
