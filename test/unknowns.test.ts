import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { createClock } from '../sandbox/clock.ts'
import { pessimistic } from '../sandbox/dfns/switches.ts'
import { createAsyncInvocations } from '../sandbox/lambda/async.ts'
import { createQueues } from '../sandbox/queues.ts'
import { DEFAULT_SCHEDULER } from '../sandbox/scheduler/schedule.ts'
import { UNKIND_ENGINE } from '../sandbox/secrets-manager/engine-state.ts'
import { UNKIND_VAULT } from '../sandbox/secrets-manager/secret.ts'
import { asking } from '../scripts/verify-live/asking.ts'
import { writing } from '../scripts/verify-live/writing.ts'

const clock = createClock()
const invocations = createAsyncInvocations({ clock, functions: new Map(), queues: createQueues(clock) })

const switches = [pessimistic, UNKIND_ENGINE, UNKIND_VAULT, DEFAULT_SCHEDULER, invocations.switches]
const names = [...new Set(switches.flatMap((each) => Object.keys(each)))].toSorted()

/** The second column of the tables of docs/unknowns.md. */
const listed = (page: string): string[] =>
  page
    .split('\n')
    .filter((line) => line.startsWith('| ') && line.includes('`'))
    .flatMap((line) => [...(line.split(' | ')[1] ?? '').matchAll(/`(\w+)`/g)].map(([, name = '']) => name))

test('what the simulator lets tests switch is what docs/unknowns.md says to be unknown, and nothing else', async () => {
  const page = await readFile('docs/unknowns.md', 'utf8')
  expect([...new Set(listed(page))].toSorted()).toEqual(names)
})

test('every row says what the code does, and how to find out: by an experiment that there is, or by hand', async () => {
  const page = await readFile('docs/unknowns.md', 'utf8')
  const lines = page.split('\n').map((line) => line.slice(2, -2).split(' | '))
  const cells = lines.filter(([, names = '']) => names.startsWith('`'))
  const experiments = [...asking, ...writing].map(({ name }) => `\`${name}\``)
  const ofSecretsManager = ['`leftover-pending`', '`repeated-put`']
  const isTold = ([, , does = '', how = '']: readonly string[]) =>
    does.length > 5 && (/^by hand: .{10,}/.test(how) || [...experiments, ...ofSecretsManager].includes(how))
  expect(cells.filter((row) => !isTold(row))).toEqual([])
  // Every switch that is listed stands in one of these rows.
  expect(cells.flatMap(([, names = '']) => names.split(', ')).length).toBe(listed(page).length)
  const told = cells.map(([, , , how]) => how)
  expect(experiments.filter((name) => !told.includes(name))).toEqual([])
})
