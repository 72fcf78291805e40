/** Work that stands still between two of its requests, while others act, and goes on when it is told. */
export interface Stepping {
  readonly isDone: () => boolean
  /** Goes on until it stands still again, or is done. Whoever calls this waits, so that one seed is one order. */
  go(): Promise<void>
}

/** Work that has not begun. `stand` is what it awaits wherever it may stand still; it must not reject. */
export function stepping(work: (stand: () => Promise<void>) => Promise<void>): Stepping {
  let isDone = false
  let onStanding = () => {}
  let goOn: (() => void) | undefined
  const stand = () =>
    new Promise<void>((resolve) => {
      goOn = resolve
      onStanding()
    })
  let begin: (() => Promise<void>) | undefined = () => work(stand)
  return {
    isDone: () => isDone,
    go: () =>
      new Promise<void>((resolve, reject) => {
        if (isDone) return resolve()
        onStanding = resolve
        if (begin !== undefined) {
          const first = begin
          begin = undefined
          first().then(() => {
            isDone = true
            onStanding()
          }, reject)
          return
        }
        const next = goOn
        goOn = undefined
        next?.()
      }),
  }
}
