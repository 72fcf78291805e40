import type { Clock } from '../clock.ts'
import type { AsyncInvocations } from '../lambda/async.ts'
import type { Queues } from '../queues.ts'
import { validation } from '../secrets-manager/errors.ts'
import { createDelivery, type Deliver } from './delivery.ts'
import { groupNotFound, quotaExceeded, scheduleExists, scheduleNotFound } from './errors.ts'
import { type Expression, parseExpression } from './expression.ts'
import {
  DEFAULT_SCHEDULER,
  type Schedule,
  type ScheduleId,
  type SchedulerSwitches,
  type ScheduleSettings,
} from './schedule.ts'

/** EventBridge Scheduler: schedules that fire on the virtual clock, state only. */
export interface Schedules {
  /** By group and name. */
  readonly entries: Map<string, Entry>
  readonly switches: SchedulerSwitches
  /** The groups that exist: `default`, and what is added here. */
  readonly groups: Set<string>
  /**
   * Throws ConflictException when there is one of that name, unless token and settings are those that it was
   * created with.
   */
  create(request: ScheduleId & { settings: ScheduleSettings; token?: string | undefined }): Schedule
  /** As `update` and `delete`, throws ResourceNotFoundException. */
  get(id: ScheduleId): Schedule
  /** Overwrites every setting, and plans the schedule anew. */
  update(request: ScheduleId & { settings: ScheduleSettings }): Schedule
  /** What has fired already is delivered all the same. */
  delete(id: ScheduleId): void
  /** In order of group and name. */
  list(filter?: { group?: string | undefined; prefix?: string; state?: string | undefined }): Schedule[]
}

/** A schedule, and how it is armed. */
export interface Entry {
  readonly schedule: Schedule
  /** Identifies the request that made it. */
  readonly created: string
  disarm: () => void
}

interface State {
  readonly clock: Clock
  readonly deliver: Deliver
  readonly switches: SchedulerSwitches
  readonly groups: Set<string>
  /** By group and name. */
  readonly entries: Map<string, Entry>
}

type OfEntry = { readonly state: State; readonly entry: Entry }

const ARN_PREFIX = 'arn:aws:scheduler:eu-west-1:000000000000:schedule'

const keyOf = ({ group, name }: ScheduleId) => `${group}/${name}`

function entryOf({ state, id }: { state: State; id: ScheduleId }): Entry {
  if (!state.groups.has(id.group)) throw groupNotFound(id.group)
  const entry = state.entries.get(keyOf(id))
  if (!entry) throw scheduleNotFound(id.name)
  return entry
}

/** An entry that was updated or deleted in the meantime is no longer the one that fired. */
function complete({ state, entry }: OfEntry): void {
  const key = keyOf(entry.schedule)
  const deletes = entry.schedule.settings.ActionAfterCompletion === 'DELETE'
  if (deletes && state.entries.get(key) === entry) state.entries.delete(key)
}

function fire({ state, entry, expression, time }: OfEntry & { expression: Expression; time: number }): void {
  const { arn, settings } = entry.schedule
  const recurs = expression.type === 'rate'
  if (recurs) arm({ state, entry, expression, time: time + expression.period })
  const onCompleted = () => {
    if (!recurs) complete({ state, entry })
  }
  state.deliver({ scheduleArn: arn, target: settings.Target, scheduledAt: time, onCompleted })
}

function arm({ state, entry, expression, time }: OfEntry & { expression: Expression; time: number }): void {
  const { clock, switches } = state
  const late = time + switches.lateByMs
  entry.disarm = clock.at(late, () => fire({ state, entry, expression, time }), entry)
}

/** A rate begins at once; an `at` that has passed does so too, where it is not refused. */
function plan({ state, entry }: OfEntry): void {
  const { settings } = entry.schedule
  const now = state.clock.now()
  const expression = parseExpression(settings.ScheduleExpression)
  const time = expression.type === 'at' ? expression.time : now
  if (time < now && state.switches.pastSchedules === 'refuse') {
    throw validation(`Invalid Schedule Expression ${settings.ScheduleExpression}: the time has passed.`)
  }
  if (settings.State === 'ENABLED') arm({ state, entry, expression, time })
}

function create({ state, request }: { state: State; request: Parameters<Schedules['create']>[0] }): Schedule {
  const { group, name, settings, token } = request
  if (!state.groups.has(group)) throw groupNotFound(group)
  const created = JSON.stringify([token, settings])
  const known = state.entries.get(keyOf(request))
  if (known && (token === undefined || known.created !== created)) throw scheduleExists(name)
  if (known) return known.schedule
  if (state.entries.size >= state.switches.quota) throw quotaExceeded()
  const now = state.clock.now()
  const arn = `${ARN_PREFIX}/${group}/${name}`
  const schedule = { group, name, arn, settings, createdAt: now, changedAt: now }
  const entry: Entry = { schedule, created, disarm: () => {} }
  plan({ state, entry })
  state.entries.set(keyOf(request), entry)
  return schedule
}

function update({ state, id, settings }: { state: State; id: ScheduleId; settings: ScheduleSettings }) {
  const known = entryOf({ state, id })
  const schedule = { ...known.schedule, settings, changedAt: state.clock.now() }
  const entry: Entry = { schedule, created: known.created, disarm: () => {} }
  plan({ state, entry })
  known.disarm()
  state.entries.set(keyOf(id), entry)
  return schedule
}

function list({ state, filter }: { state: State; filter: Parameters<Schedules['list']>[0] }): Schedule[] {
  const { group, prefix = '', state: wanted } = filter ?? {}
  if (group !== undefined && !state.groups.has(group)) throw groupNotFound(group)
  const schedules = [...state.entries.values()].map(({ schedule }) => schedule)
  return schedules
    .filter((schedule) => group === undefined || schedule.group === group)
    .filter(({ name }) => name.startsWith(prefix))
    .filter(({ settings }) => wanted === undefined || settings.State === wanted)
    .toSorted((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1))
}

/** Makes a Scheduler without schedules. What fires is invoked through `invocations`. */
export function createSchedules(parts: {
  clock: Clock
  invocations: AsyncInvocations
  queues: Queues
  switches?: Partial<SchedulerSwitches>
  groups?: readonly string[]
}): Schedules {
  const { clock, invocations, queues, groups = [] } = parts
  const switches = { ...DEFAULT_SCHEDULER, ...parts.switches }
  const deliver = createDelivery({ clock, invocations, queues, switches })
  const state: State = {
    clock,
    deliver,
    switches,
    groups: new Set(['default', ...groups]),
    entries: new Map(),
  }
  return {
    entries: state.entries,
    switches,
    groups: state.groups,
    create: (request) => create({ state, request }),
    get: (id) => entryOf({ state, id }).schedule,
    update: ({ group, name, settings }) => update({ state, id: { group, name }, settings }),
    delete: (id) => {
      entryOf({ state, id }).disarm()
      state.entries.delete(keyOf(id))
    },
    list: (filter) => list({ state, filter }),
  }
}
