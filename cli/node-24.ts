import { refusal } from './failure.ts'

/** The functions are built for Lambda's Node.js 24; the other commands do with an older one. */
export function assertRunsFunctions(command: string): void {
  const major = Number(process.versions.node.split('.')[0])
  if (major >= 24) return
  throw refusal(`${command} runs the functions, which need Node.js 24: this is ${process.versions.node}`)
}
