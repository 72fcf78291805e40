import { expect } from 'vitest'
import type { Scene } from '../../sandbox/scene.ts'
import { resultOf } from './graces.ts'

/** A line of audit's log that tells what is wrong with a secret. */
export interface Finding {
  readonly type: string
  readonly secretId: string
  readonly remedy: string
  readonly [field: string]: unknown
}

type Line = Readonly<Record<string, unknown>>

/** What one invocation of audit came to. */
export interface Audit {
  /** `done`, or the code. */
  readonly result: string
  readonly findings: readonly Finding[]
  /** Its log, without the lines of metrics. */
  readonly log: readonly Line[]
}

/** Runs audit once. Every line that it prints has to be JSON, and the metrics have to count the findings. */
export async function audit({ scene }: { scene: Scene }, event: object = {}): Promise<Audit> {
  const output = scene.sandbox.bundled.get(scene.auditArn)?.output ?? []
  const start = output.length
  const result = resultOf(await scene.audit(event))
  return { result, ...readOutput(output.slice(start)) }
}

/** What an audit printed; it may have been invoked by a schedule. */
export function readOutput(output: readonly string[]): Omit<Audit, 'result'> {
  const lines = output.map((line) => JSON.parse(line) as Line)
  const log = lines.filter((line) => !('_aws' in line) && 'level' in line)
  const findings = log.filter(({ message }) => message === 'finding') as unknown as readonly Finding[]
  const metrics = lines.filter((line) => '_aws' in line)
  expect(countedIn(metrics)).toEqual(findings.map(({ type }) => type))
  // Secrets are looked at side by side: only the findings of one have an order.
  return { findings: findings.toSorted(bySecret), log }
}

const bySecret = (one: Finding, other: Finding): number =>
  one.secretId === other.secretId ? 0 : one.secretId < other.secretId ? -1 : 1

/** The types that the metric `Findings` counts; every line is in CloudWatch's embedded metric format. */
function countedIn(metrics: readonly Line[]): unknown[] {
  return metrics.flatMap((line) => {
    const { CloudWatchMetrics } = line['_aws'] as { CloudWatchMetrics: readonly Line[] }
    const isFinding = 'Findings' in line
    const Name = isFinding ? 'Findings' : 'AuditedSecrets'
    const Dimensions = [isFinding ? ['service', 'type'] : ['service']]
    const metric = { Namespace: 'dfns-rotator', Dimensions, Metrics: [{ Name, Unit: 'Count' }] }
    expect(CloudWatchMetrics).toEqual([metric])
    expect(line).toMatchObject({ service: 'dfns-rotator', [Name]: expect.any(Number) as number })
    return isFinding ? [line['type']] : []
  })
}

/** The findings of a successful audit, or those of one secret. */
export async function findings(
  staged: { scene: Scene },
  of: { arn?: string } = {},
): Promise<readonly Finding[]> {
  const audited = await audit(staged)
  expect(audited.result).toBe('done')
  return audited.findings.filter(({ secretId }) => of.arn === undefined || secretId === of.arn)
}

export const typesIn = (found: readonly Finding[]): string[] => found.map(({ type }) => type)

/** The types of a successful audit's findings. */
export const types = async (staged: { scene: Scene }, of: { arn?: string } = {}): Promise<string[]> =>
  typesIn(await findings(staged, of))
