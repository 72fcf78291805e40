/** A port as a command line has it: 0, any that is free, to 65535. Nothing if it is none. */
export function portIn(text: string): number | undefined {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN
  return port <= 65_535 ? port : undefined
}

/** What is wrong where it is none. */
export const noPort = (option: string): string => `--${option} is a port: a number from 0 to 65535`
