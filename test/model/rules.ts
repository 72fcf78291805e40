/**
 * The rules that the code follows. Each may be broken, to see that exploring finds it: a model that finds
 * nothing proves nothing.
 */
export interface Rules {
  /** The schedule is written before AWSCURRENT moves. */
  readonly scheduleFirst: boolean
  /** AWSCURRENT moves only from the version that was compared. */
  readonly compareAndSet: boolean
  /** What is pending has to follow from what is current. */
  readonly compares: boolean
  /** What is pending is proved before it becomes current. */
  readonly provesPending: boolean
  /** retire refuses what a label names. */
  readonly readsLabels: boolean
  /** retire does nothing for a rotation that has not moved AWSCURRENT. */
  readonly asksWhetherItMoved: boolean
  /** retire leaves a credential to a schedule that was written since. */
  readonly asksForLater: boolean
  /** retire looks at the labels once more after the deactivation. */
  readonly looksAgain: boolean
  /** What was deactivated is activated again where a label names it by then. */
  readonly undoes: boolean
  /** rollback takes AWSPENDING from what it goes back from. */
  readonly clearsPending: boolean
  /** rollback proves what it went back to once more, and activates it. */
  readonly provesLast: boolean
  /** rollback schedules what it activates before it does. */
  readonly schedulesActivation: boolean
  /** abandon lists Dfns after the label is gone, and only once the step that was under way is over. */
  readonly abandonWaits: boolean
  /** audit acts on nothing of a rotation that is under way. */
  readonly sparesTheYoung: boolean
}

export const asItIs: Rules = {
  scheduleFirst: true,
  compareAndSet: true,
  compares: true,
  provesPending: true,
  readsLabels: true,
  asksWhetherItMoved: true,
  asksForLater: true,
  looksAgain: true,
  undoes: true,
  clearsPending: true,
  provesLast: true,
  schedulesActivation: true,
  abandonWaits: true,
  sparesTheYoung: true,
}
