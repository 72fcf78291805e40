import type { Command } from './command.ts'
import { abandon } from './commands/abandon.ts'
import { decommission } from './commands/decommission.ts'
import { demo } from './commands/demo.ts'
import { rollback } from './commands/rollback.ts'
import { rotate } from './commands/rotate.ts'
import { sandbox } from './commands/sandbox.ts'

/** Every command, in the order of `--help`: from looking, by acting, to trying out. */
export const commands: readonly Command[] = [
  rotate,
  rollback,
  abandon,
  decommission,
  sandbox,
  demo,
]
