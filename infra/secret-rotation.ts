import { Duration } from 'aws-cdk-lib'
import { CfnRotationSchedule } from 'aws-cdk-lib/aws-secretsmanager'
import { Construct } from 'constructs'
import type { CredentialKind } from '../lambdas/credentials/kinds.ts'
import { allowRotation, type RotatorFunction } from './functions.ts'
import { type RotationKnobs, turnKnobs } from './knobs.ts'
import type { Graces } from './policy.ts'
import { RotationWindow } from './rotation-window.ts'
import type { AnySecret } from './secret.ts'

/** How one secret is rotated. */
export interface RotatesOptions extends RotationKnobs {
  /**
   * When it is rotated.
   *
   * @default - once a week, at an hour that follows from the secret's path in the construct tree
   */
  readonly schedule?: RotationWindow | undefined
  /**
   * The secret whose credential signs for this one, as its `signerArn` names it.
   *
   * @default - the credential signs for itself
   */
  readonly signer?: AnySecret | undefined
  /**
   * The secret's `kind`. Known here, limits that depend on it are checked before anything is deployed.
   *
   * @default - unknown
   */
  readonly kind?: CredentialKind | undefined
  /**
   * Whether each deploy that changes the schedule rotates the secret at once.
   *
   * @default false, a test rotation alone
   */
  readonly rotateOnDeploy?: boolean | undefined
}

const hourMs = 3_600_000

/** One secret's schedule, and the permission to invoke the function for it. */
export class SecretRotation extends Construct {
  readonly schedule: CfnRotationSchedule
  readonly window: RotationWindow

  constructor(
    scope: Construct,
    id: string,
    parts: { secret: AnySecret; rotate: RotatorFunction; graces: Graces; options: RotatesOptions },
  ) {
    super(scope, id)
    const { secret, rotate, graces, options } = parts
    const { schedule: window = RotationWindow.weekly(secret.node.path), rotateOnDeploy = false } = options
    this.window = window
    assertGrace({ secret, graces, options })
    if (options.kind === 'WebhookSecret') assertRoomForGrace({ secret, graces, options, window })
    turnKnobs({ secret, knobs: options })

    const { secretArn } = secret
    const permission = allowRotation({ scope: this, id: 'Permission', rotate, secretArn })
    const { expression, durationHours } = window
    this.schedule = new CfnRotationSchedule(this, 'Schedule', {
      secretId: secretArn,
      rotationLambdaArn: rotate.function.functionArn,
      rotateImmediatelyOnUpdate: rotateOnDeploy,
      rotationRules: {
        scheduleExpression: expression,
        ...(durationHours !== undefined && { duration: `${durationHours}h` }),
      },
    })
    // Turning rotation on invokes the function at once: Lambda has to let it, and the role to be complete.
    this.schedule.addResourceDependency(permission)
    this.schedule.node.addDependency(rotate.role)
  }
}

type Checked = { secret: AnySecret; graces: Graces; options: RotatesOptions }

function assertGrace({ secret, graces, options }: Checked): void {
  const ms = options.grace?.toMilliseconds()
  if (ms === undefined || (ms >= graces.min && ms <= graces.max)) return
  const limits = `${textOf(graces.min)} and ${textOf(graces.max)}`
  throw new Error(
    `${secret.node.path}: the grace ${textOf(ms)} is not between ${limits}, the policy's limits`,
  )
}

/** The old webhook has to be gone before the next rotation begins: its grace, and a day of last events. */
function assertRoomForGrace(checked: Checked & { window: RotationWindow }): void {
  const { secret, graces, options, window } = checked
  const grace = options.grace?.toMilliseconds() ?? graces.ofKind('WebhookSecret')
  const neededHours = grace / hourMs + 24
  if (window.gapHours >= neededHours) return
  throw new Error(
    `${secret.node.path}: ${window.expression} rotates the webhook every ${window.gapHours} hours, while ` +
      `an old one lives for its grace (${textOf(grace)}) and another day. Rotate it less often, or ` +
      'shorten the grace.',
  )
}

const textOf = (ms: number) => Duration.millis(ms).toIsoString()
