import type { Command } from './command.ts'

/** Every command, in the order of `--help`: from looking, by acting, to trying out. */
export const commands: readonly Command[] = []
