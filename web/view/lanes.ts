import { type Replacing, steps } from '../core/state.ts'
import { h } from './element.ts'

type Cell = 'works' | 'made' | 'ends' | 'planned' | 'planned-end' | 'none'

/**
 * Which passkey works at which step, drawn: the old one until it is deactivated, the new one from its
 * registration on. For the eyes alone; the steps below say the same.
 */
export function lanes(screen: Replacing, labels: { old: string; fresh: string }): HTMLElement {
  const reached = screen.step === 'done' ? steps.length : steps.indexOf(screen.step)
  const row = (name: string, cells: readonly Cell[]) => [
    h('span', { class: 'lane-name' }, name),
    ...cells.map((cell) => h('span', { class: `lane ${cell}` })),
  ]
  return h(
    'div',
    { class: 'lanes', 'aria-hidden': 'true' },
    h('span', {}),
    ...steps.map((step, index) =>
      h(
        'span',
        { class: index === reached ? 'lane-step now' : index < reached ? 'lane-step past' : 'lane-step' },
        step,
      ),
    ),
    ...row(
      labels.old,
      steps.map((_step, index) => oldCell(index, reached)),
    ),
    ...row(
      labels.fresh,
      steps.map((_step, index) => freshCell(index, reached)),
    ),
  )
}

function oldCell(index: number, reached: number): Cell {
  const isLast = index === steps.length - 1
  if (isLast) return reached > index ? 'ends' : 'planned-end'
  return index <= reached ? 'works' : 'planned'
}

function freshCell(index: number, reached: number): Cell {
  if (index === 0) return reached > 0 ? 'made' : 'none'
  return index < reached ? 'works' : 'planned'
}
