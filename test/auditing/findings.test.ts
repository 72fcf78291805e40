import { expect, test } from 'vitest'
import { findingsOf, type FindingType, remedies } from '../../lambdas/auditing/findings.ts'
import type { LogFields } from '../../lambdas/ports/log.ts'

const types = Object.keys(remedies) as FindingType[]

test.each(types)('%s is one line with its remedy, and one in the metric of its type', (type) => {
  const lines: (LogFields & { level: string; event: string })[] = []
  const line = (level: string) => (event: string, fields?: LogFields) =>
    void lines.push({ level, event, ...fields })
  const log = { info: line('info'), warn: line('warn'), error: line('error') }
  const counted: object[] = []
  const findings = findingsOf({ log, counts: { add: (count) => void counted.push(count) } })
  findings.report({ type, secretArn: 'arn', credId: 'id' })
  const level = type === 'adopted' || type === 'replica' ? 'info' : 'warn'
  expect(lines).toEqual([
    { level, event: 'finding', type, secretId: 'arn', credId: 'id', remedy: remedies[type] },
  ])
  expect(counted).toEqual([{ name: 'Findings', type, value: 1 }])
  expect(findings.count).toBe(1)
})
