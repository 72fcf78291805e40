import { vi } from 'vitest'

type Line = Readonly<Record<string, unknown>>

/** What `run` prints, one JSON object per line; a line that is none fails. */
export async function captureLog(run: () => unknown): Promise<{ text: string; lines: readonly Line[] }> {
  let text = ''
  const write = (chunk: string | Uint8Array): boolean => {
    text += String(chunk)
    return true
  }
  const spies = [
    vi.spyOn(process.stdout, 'write').mockImplementation(write),
    vi.spyOn(process.stderr, 'write').mockImplementation(write),
  ]
  try {
    await run()
  } finally {
    for (const spy of spies) spy.mockRestore()
  }
  const lines = text.split('\n').filter((line) => line !== '')
  return { text, lines: lines.map((line) => JSON.parse(line) as Line) }
}
