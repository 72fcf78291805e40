import { expect, test } from 'vitest'
import { lookOf } from '../../cli/output.ts'
import type { LogLine } from '../../cli/rotate/function-log.ts'
import { liveOf } from '../../cli/rotate/live.ts'
import { follower, isGivenUp, type PhaseEvent } from '../../cli/rotate/phases.ts'
import type { Step } from '../../lambdas/rotation/event.ts'

const token = 'the version of this rotation'
const labelled = (...labels: string[]) => ({ stages: new Map([[token, labels]]) })
const pending = labelled('AWSPENDING')

let at = 0
const line = (step: Step, message = 'phase done', more: Partial<LogLine> = {}): LogLine => ({
  at: at++,
  step,
  message,
  versionId: token,
  ...more,
})
const failed = (step: Step) =>
  line(step, 'phase failed', { code: 'ERR_DFNS_UNAVAILABLE', reason: 'no reply', retryable: true })

/** The events of one sighting after the other, in few words. */
function told(...sightings: readonly (readonly LogLine[])[]): string[] {
  const followed = follower(token)
  const events = sightings.flatMap((lines) => followed.see({ secret: pending, lines, isStored: false }))
  return events.map(wordsOf)
}

const wordsOf = (event: PhaseEvent): string => {
  if (event.type === 'repeated') return event.silent ? 'again, silent' : 'again'
  return `${event.step} ${event.type}`
}

test('the steps are told in the order in which they ended, each once', () => {
  const steps = [line('createSecret', 'probe'), line('createSecret'), line('setSecret'), line('testSecret')]
  expect(told(steps.slice(0, 2), [], steps.slice(2))).toEqual([
    'createSecret done',
    'setSecret done',
    'testSecret done',
  ])
})

test('an attempt after one that failed is told as one, wherever it begins', () => {
  const first = [line('createSecret'), failed('setSecret')]
  expect(told(first, [line('createSecret')])).toEqual([
    'createSecret done',
    'setSecret failed',
    'again',
    'createSecret done',
  ])
  expect(told(first, [line('setSecret', 'looked'), line('setSecret')])).toEqual([
    'createSecret done',
    'setSecret failed',
    'again',
    'setSecret done',
  ])
})

test('an attempt that was killed said nothing, and the next one is told as the next one', () => {
  expect(told([line('createSecret')], [line('createSecret', 'probe'), line('createSecret')])).toEqual([
    'createSecret done',
    'again, silent',
    'createSecret done',
  ])
})

test('a line that came late begins no other attempt', () => {
  const late = line('createSecret', 'probe')
  expect(told([line('createSecret')], [late], [line('setSecret')])).toEqual([
    'createSecret done',
    'setSecret done',
  ])
})

test('without leave to read the log the labels tell what they can, and no step twice', () => {
  const followed = follower(token)
  const see = (secret: typeof pending, isStored: boolean) =>
    followed.see({ secret, lines: undefined, isStored }).map(wordsOf)
  expect(see(pending, false)).toEqual([])
  expect(followed.underWay()).toBe('createSecret')
  expect(see(pending, true)).toEqual(['createSecret done'])
  expect(followed.underWay()).toBe('setSecret')
  expect(see(pending, true)).toEqual([])
  expect(see(labelled('AWSCURRENT', 'AWSPENDING'), true)).toEqual([
    'setSecret done',
    'testSecret done',
    'finishSecret done',
  ])
  expect(followed.isFinished()).toBe(true)
})

test('a version without a label of a rotation is one that was given up', () => {
  expect(isGivenUp({ secret: labelled(), token })).toBe(true)
  expect(isGivenUp({ secret: { stages: new Map() }, token })).toBe(true)
  for (const label of ['AWSPENDING', 'AWSCURRENT', 'AWSPREVIOUS'])
    expect(isGivenUp({ secret: labelled(label), token })).toBe(false)
})

/** All that was written to a terminal, or to something else. */
function shown({ isTTY, show }: { isTTY: boolean; show: (live: ReturnType<typeof liveOf>) => void }): string {
  const written: string[] = []
  const write = (text: string) => written.push(text) > 0
  const stream = Object.assign(Object.create(process.stderr) as NodeJS.WriteStream, { isTTY, write })
  const look = lookOf({ stream: { isTTY, columns: 100 }, env: {} })
  show(liveOf({ stream, look, kind: 'ServiceAccountKey', now: () => 0 }))
  return written.join('')
}

const rotation = (live: ReturnType<typeof liveOf>) => {
  live.wait('createSecret')
  live.hear({ type: 'done', step: 'createSecret', ms: 28 })
  live.wait('setSecret')
  live.close()
}

test('on a terminal the last line is written anew, and nothing of it stays behind', () => {
  const text = shown({ isTTY: true, show: rotation })
  expect(text.split('\r\u001b[2K')).toHaveLength(5)
  expect(text.endsWith('\r\u001b[2K')).toBe(true)
  expect(text).toContain('\u001b[32m✓')
})

test('off a terminal there are whole lines and nothing else', () => {
  const text = shown({ isTTY: false, show: rotation })
  expect(text).toMatch(/^ {2}✓ create {5}a new key pair, stored as AWSPENDING +28 ms\n$/)
})

test('of a failure that mends itself the reason is told at once', () => {
  const event = {
    type: 'failed',
    step: 'setSecret',
    code: 'ERR_X',
    reason: 'no reply',
    retryable: true,
  } as const
  expect(shown({ isTTY: false, show: (live) => live.hear(event) })).toContain('no reply')
  const forGood = { ...event, retryable: false }
  expect(shown({ isTTY: false, show: (live) => live.hear(forGood) })).not.toContain('no reply')
})
