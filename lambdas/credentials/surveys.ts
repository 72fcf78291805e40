import { RotationError } from '../errors.ts'
import { type Generation, isKeyDocument } from './document.ts'
import { personalAccessTokens, serviceAccounts } from './holder.ts'
import { surveyReplaceable } from './replaceable-survey.ts'
import { type Survey, type Surveyed, surveyKeys } from './survey.ts'
import type { WebhookDocument } from './webhook-document.ts'
import { surveyWebhooks } from './webhook-survey.ts'

/** Looks at Dfns for audit: of a generation that the file of its kind has read. */
export async function surveyOf(asked: Surveyed<Generation>): Promise<Survey> {
  const { current } = asked
  if (isWebhookDocument(current)) return surveyWebhooks({ ...asked, current })
  if (!isKeyDocument(current)) {
    throw new RotationError('ERR_DOCUMENT', `${current.on}: nobody knows how to look at ${current.kind}`)
  }
  const surveyed = { ...asked, current }
  if (current.kind === 'ServiceAccountKey') return surveyReplaceable({ ...surveyed, holder: serviceAccounts })
  if (current.kind === 'PersonalAccessTokenKey')
    return surveyReplaceable({ ...surveyed, holder: personalAccessTokens })
  return surveyKeys(surveyed)
}

const isWebhookDocument = (one: Generation): one is WebhookDocument => one.kind === 'WebhookSecret'
