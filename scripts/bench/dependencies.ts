import type { DependencyTable } from './chain.ts'
import type { Phase } from './meter.ts'

// By hand, and never read off the code: what has to wait for what, whoever writes the phase. A test holds the
// recorded calls against it, and `docs/performance.md` tells the rule.

const describe = 'DescribeSecret'
const policy = 'GetParameter'
const current = 'GetSecretValue AWSCURRENT'
const pending = 'GetSecretValue AWSPENDING'
const list = 'GET /auth/credentials'
const challenge = 'POST /auth/credentials/init'
const create = 'POST /auth/credentials'
const activate = 'PUT /auth/credentials/activate'
const deactivate = 'PUT /auth/credentials/deactivate'
const schedule = 'CreateSchedule'
const move = 'UpdateSecretVersionStage AWSCURRENT'

const asked = (action: string, n = '') => `POST /auth/action/init for ${action}${n}`
const signed = (action: string, n = '') => `POST /auth/action for ${action}${n}`

/** Whether the secret rotates, and to which origins a token may go: both before the first request to Dfns. */
const allowed = [describe, policy]

const reads = { [describe]: {}, [policy]: {}, [current]: {}, [pending]: {} } satisfies DependencyTable

const createSecret: DependencyTable = {
  ...reads,
  [list]: { needs: [current], guardedBy: [...allowed, pending] },
  [challenge]: { needs: [current], guardedBy: [...allowed, pending] },
  [asked(activate)]: { needs: [list] },
  [signed(activate)]: { needs: [asked(activate)] },
  [activate]: { needs: [signed(activate)] },
  PutSecretValue: { guardedBy: [list, challenge, activate] },
}

const setSecret: DependencyTable = {
  ...reads,
  [list]: { needs: [pending], guardedBy: allowed },
  [challenge]: { needs: [pending], guardedBy: allowed },
  [asked(create)]: { needs: [challenge] },
  [signed(create)]: { needs: [current, asked(create)], guardedBy: [list] },
  [create]: { needs: [signed(create)] },
}

const testSecret: DependencyTable = {
  ...reads,
  [list]: { needs: [pending], guardedBy: allowed },
  [asked(activate)]: { needs: [list] },
  [signed(activate)]: { needs: [asked(activate)] },
}

const finishSecret: DependencyTable = {
  ...testSecret,
  // One list, of current's token and of pending's alike, names both credentials.
  [list]: { needs: [pending, current], guardedBy: allowed },
  [schedule]: { needs: [list], guardedBy: [signed(activate)] },
  [move]: { needs: [current], guardedBy: [signed(activate), schedule] },
}

/** Deactivate; then prove AWSCURRENT, read labels and list once more. Numbers count on from before. */
function retirement(before: {
  token: string
  guards: readonly string[]
  labels: { read: string; again: string }
  lists: readonly [told: string, gone: string]
  proof: string
}): DependencyTable {
  const { token, guards, labels, lists, proof } = before
  const [told, gone] = lists
  return {
    // It names the credential to deactivate, and the one that is proved afterwards.
    [`${list}${told}`]: { needs: [token], guardedBy: allowed },
    [asked(deactivate)]: { needs: [`${list}${told}`] },
    [signed(deactivate)]: {
      needs: [asked(deactivate)],
      guardedBy: [...guards, `${current} #2`, `${pending}${labels.read}`],
    },
    [deactivate]: { needs: [signed(deactivate)] },
    [asked(activate, proof)]: { needs: [`${list}${told}`], after: [deactivate] },
    [signed(activate, proof)]: { needs: [asked(activate, proof)] },
    [`${current} #3`]: { after: [deactivate] },
    [`${pending}${labels.again}`]: { after: [deactivate] },
    [`${list}${gone}`]: { after: [deactivate] },
  }
}

const finishSecretAtOnce: DependencyTable = {
  ...finishSecret,
  [`${current} #2`]: { after: [move] },
  [`${pending} #2`]: { after: [move] },
  ...retirement({
    token: pending,
    guards: [],
    labels: { read: ' #2', again: ' #3' },
    lists: [' #2', ' #3'],
    proof: ' #2',
  }),
}

const byId = 'GetSecretValue by id'
const other = 'GetSchedule'
const logs = 'GET /auth/action/logs'

const retire: DependencyTable = {
  [describe]: {},
  [policy]: {},
  [current]: {},
  [byId]: {},
  [other]: { needs: [byId] },
  [logs]: { needs: [current], guardedBy: allowed },
  [`${current} #2`]: {},
  [pending]: {},
  ...retirement({
    token: current,
    guards: [logs, other],
    labels: { read: '', again: ' #2' },
    lists: ['', ' #2'],
    proof: '',
  }),
  'UpdateSecretVersionStage AWSPREVIOUS': {
    guardedBy: [signed(activate), `${current} #3`, `${pending} #2`, `${list} #2`],
  },
}

const later = { createSecret, setSecret, testSecret, finishSecret, retire }

/** The two ways a rotation ends: the superseded key is deactivated later, or at once. */
export const graces = ['PT24H', 'PT0S'] as const
export type Grace = (typeof graces)[number]

/** The tables of each phase. */
export const dependencies: Readonly<Record<Grace, Readonly<Record<Phase, DependencyTable>>>> = {
  PT24H: later,
  PT0S: { ...later, finishSecret: finishSecretAtOnce },
}
