import { expect, test } from 'vitest'
import { type AuditFigures, measureAudit } from '../../scripts/bench/audit.ts'

const secrets = 52

/** So that each invocation looks at the secrets that are looked at at once, and no more. */
const shortest = 60_400

const sound = secrets - 1

test('an audit asks Dfns three times for a secret, and its findings are the same wherever it is stopped', async () => {
  const whole = await measureAudit({ secrets })
  const stopped = await measureAudit({ secrets, timeoutMs: shortest })
  expect(whole.findings).toEqual([
    'foreign-credential fleet/00001',
    'foreign-credential fleet/00051',
    'policy-violation fleet/00002',
  ])
  expect(stopped.findings).toEqual(whole.findings)
  expect([whole.invocations, stopped.invocations]).toEqual([1, Math.ceil(secrets / 8)])
  const dfns = ({ calls }: AuditFigures) => calls.dfns
  expect([dfns(whole), dfns(stopped)]).toEqual([3 * sound, 3 * sound])
})
