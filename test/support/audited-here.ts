import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager'
import { SSMClient } from '@aws-sdk/client-ssm'
import { audit } from '../../lambdas/auditing/audit.ts'
import type { LogFields } from '../../lambdas/ports/log.ts'
import { paced } from '../../lambdas/ports/pace.ts'
import type { OneTimeSchedule } from '../../lambdas/ports/scheduler.ts'
import type { Scene } from '../../sandbox/scene.ts'
import { drivenBy } from './driven.ts'

type Line = LogFields & { event: string }

/** What an audit in this process came to. */
export interface AuditedHere {
  readonly lines: readonly Line[]
  readonly findings: readonly Line[]
  /** Every request to Dfns, in order: milliseconds since the audit began, and the status. */
  readonly asked: readonly { readonly at: number; readonly status: number | undefined }[]
  /** The schedules that it wrote for itself. */
  readonly continued: readonly OneTimeSchedule[]
}

/** Audits in this process, by the scene's clock: nothing waits for real time. */
export async function auditedHere(scene: Scene, { leftMs = 900_000, after = '' } = {}): Promise<AuditedHere> {
  const { sandbox, clock } = scene
  const driven = drivenBy(scene, { leftMs })
  const lines: Line[] = []
  const log = (event: string, fields: LogFields = {}) => void lines.push({ event, ...fields })
  const continued: OneTimeSchedule[] = []
  const put = async (schedule: OneTimeSchedule) => void continued.push(schedule)
  const asked = recording(scene)
  const began = clock.now()
  await driven.run(
    audit({
      event: after === '' ? {} : { after },
      clients: clientsOf(sandbox.urls.aws),
      policyName: '/dfns-rotator/policy',
      schedules: undefined,
      group: undefined,
      continuations: { put, get: async () => undefined },
      rotateArn: scene.functionArn,
      counts: { add: () => {} },
      acts: true,
      log: { info: log, warn: log, error: log },
      time: paced({ time: driven.time, perMinute: 600 }),
    }),
  )
  return {
    lines,
    findings: lines.filter(({ event }) => event === 'finding'),
    asked: asked
      .map(({ at, status }) => ({ at: at - began, status }))
      .toSorted((one, other) => one.at - other.at),
    continued,
  }
}

function clientsOf(endpoint: string) {
  const credentials = { accessKeyId: 'sandbox', secretAccessKey: 'sandbox' }
  const config = { endpoint, region: 'eu-west-1', credentials }
  return { secretsManager: new SecretsManagerClient(config), ssm: new SSMClient(config) }
}

function recording({ sandbox: { wire }, clock }: Scene) {
  const asked: { at: number; status: number | undefined }[] = []
  const dispatch = wire.dispatch.bind(wire)
  wire.dispatch = async (request) => {
    const at = clock.now()
    const reply = await dispatch(request)
    if (request.service === 'dfns') asked.push({ at, status: reply === 'broken' ? undefined : reply.status })
    return reply
  }
  return asked
}
