import type { Survey } from '../credentials/survey.ts'
import type { DescribedSecret, SecretStore } from '../ports/secrets-manager.ts'
import type { Stored } from '../rotation/generations.ts'
import type { Inside } from '../rotation/opening.ts'
import type { Settings } from '../rotation/settings.ts'
import type { Run } from './run.ts'

/** One secret, as Dfns and then its labels show it. */
export interface View {
  readonly run: Run
  readonly store: SecretStore
  readonly inside: Inside
  readonly settings: Settings
  /** Read after Dfns was asked. */
  readonly secret: DescribedSecret
  readonly survey: Survey
  readonly current: Stored
  /** Nothing where the label is on AWSCURRENT's version, or on none, or what stands there is no document. */
  readonly pending: Stored | undefined
  readonly previous: Stored | undefined
}
