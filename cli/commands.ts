import type { Command } from './command.ts'
import { audit } from './commands/audit.ts'
import { status } from './commands/status.ts'

/** Every command, in the order of `--help`: from looking, by acting, to trying out. */
export const commands: readonly Command[] = [status, audit]
