/** Whether somebody pressed Ctrl-C. The second time it ends the process, as ever. */
export interface Interrupt {
  readonly is: () => boolean
  readonly release: () => void
}

export function onInterrupt(): Interrupt {
  let pressed = false
  const press = () => {
    pressed = true
  }
  process.once('SIGINT', press)
  return { is: () => pressed, release: () => void process.off('SIGINT', press) }
}
