import type { Means } from '../credentials/credential.ts'
import type { Survey } from '../credentials/survey.ts'
import type { Secrets } from '../ports/secrets.ts'
import type { DescribedSecret, SecretStore } from '../ports/secrets-manager.ts'
import type { Schedules } from '../ports/scheduler.ts'
import type { Stored } from '../rotation/generations.ts'
import type { Inside } from '../rotation/opening.ts'
import type { Policy } from '../rotation/policy.ts'
import type { Opening } from '../rotation/rotation.ts'
import type { Settings } from '../rotation/settings.ts'
import type { Findings } from './findings.ts'
import type { Sharing } from './sharing.ts'

/** What one invocation of audit has for every secret. */
export interface Run extends Pick<Opening, 'clients' | 'policyName' | 'time' | 'log'> {
  readonly secrets: Secrets
  readonly policy: Policy
  /** The retirements'; nothing where no scheduler was deployed. */
  readonly schedules: Schedules | undefined
  /** Names of the schedules that stood when the invocation began. */
  readonly names: readonly string[]
  readonly sharing: Sharing
  readonly findings: Findings
  readonly dfnsAs: Means['dfnsAs']
  readonly lists: Means['once']
  /** Whether it retires, schedules and labels; otherwise it only tells what it finds. */
  readonly acts: boolean
  /** Hears what was seen of each secret that could be looked at. */
  readonly seen?: ((view: View) => void) | undefined
}

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
