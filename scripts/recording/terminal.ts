/** A run of characters that look alike. */
export interface Span {
  readonly text: string
  readonly styles: readonly Style[]
}

export type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan'

/** One state of one row, from the moment at which it was written to that at which it was written over. */
export interface Row {
  readonly row: number
  readonly spans: readonly Span[]
  /** Milliseconds. */
  readonly from: number
  /** Nothing if it stands at the end. */
  readonly until: number | undefined
}

/** What a process wrote, and when. Milliseconds. */
export interface Written {
  readonly at: number
  readonly text: string
}

const styles: Readonly<Record<string, Style>> = {
  '1': 'bold',
  '2': 'dim',
  '31': 'red',
  '32': 'green',
  '33': 'yellow',
  '36': 'cyan',
}
/** What ends a style: `styleText` closes each with its own code. */
const ends: Readonly<Record<string, readonly Style[]>> = {
  '0': ['bold', 'dim', 'red', 'green', 'yellow', 'cyan'],
  '22': ['bold', 'dim'],
  '39': ['red', 'green', 'yellow', 'cyan'],
}

const escape = String.fromCharCode(27)
const part = new RegExp(`${escape}\\[([\\d;]*)([A-Za-z])|\\r|\\n|[^${escape}\\r\\n]+`, 'g')

/**
 * The rows of a terminal that knows what our commands write: lines, colours, and the last line written anew.
 * Whatever else it is sent is an error.
 */
export function rowsOf(written: readonly Written[]): readonly Row[] {
  const done: Row[] = []
  let open: { row: number; spans: Span[]; from: number } = { row: 0, spans: [], from: 0 }
  let active: readonly Style[] = []

  const close = (until: number | undefined) => {
    const { row, spans, from } = open
    if (spans.length > 0 && until !== from) done.push({ row, spans, from, until })
  }
  const obey = (code: string, letter: string, at: number) => {
    if (letter === 'K') {
      close(at)
      open = { row: open.row, spans: [], from: at }
      return
    }
    const [style, ended] = [styles[code], ends[code]]
    if (letter !== 'm' || (style === undefined && ended === undefined))
      throw new Error(`a terminal is sent ESC[${code}${letter}, which this one does not know`)
    active = style ? [...active, style] : active.filter((one) => !ended?.includes(one))
  }

  for (const { at, text } of written) {
    for (const [whole, code = '', letter] of text.matchAll(part)) {
      if (letter !== undefined) obey(code, letter, at)
      else if (whole === '\n') {
        close(undefined)
        open = { row: open.row + 1, spans: [], from: at }
      } else if (whole !== '\r') {
        if (open.spans.length === 0) open.from = at
        open.spans.push({ text: whole, styles: active })
      }
    }
  }
  close(undefined)
  return done
}
