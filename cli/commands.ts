import type { Command } from './command.ts'
import { abandon } from './commands/abandon.ts'
import { adopt } from './commands/adopt.ts'
import { audit } from './commands/audit.ts'
import { decommission } from './commands/decommission.ts'
import { demo } from './commands/demo.ts'
import { doctor } from './commands/doctor.ts'
import { rollback } from './commands/rollback.ts'
import { rotate } from './commands/rotate.ts'
import { sandbox } from './commands/sandbox.ts'
import { status } from './commands/status.ts'

/** Every command, in the order of `--help`: from looking, by acting, to trying out. */
export const commands: readonly Command[] = [
  doctor,
  adopt,
  status,
  audit,
  rotate,
  rollback,
  abandon,
  decommission,
  sandbox,
  demo,
]
