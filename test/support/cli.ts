import { spawn } from 'node:child_process'
import { EventEmitter, once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { text } from 'node:stream/consumers'
import { afterEach, expect } from 'vitest'
import type { Scene } from '../../sandbox/scene.ts'
import { leaksIn } from './leaks.ts'
import { type StageOptions, stage, type Staged } from './graces.ts'
import { secretsIn } from './scene.ts'

const main = fileURLToPath(new URL('../../dist/npm/cli/esm/dfns-rotator.js', import.meta.url))

/** How a command ended, and all that it printed. */
export interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

interface Running {
  readonly args: readonly string[]
  readonly scene?: Scene
  /** On top of the sandbox's own. */
  readonly env?: Readonly<Record<string, string>>
  readonly stdin?: string
  /** What runs it: the built package with this Node.js, unless told otherwise. */
  readonly command?: readonly [string, ...string[]]
}

/** A command under way. */
export interface Started {
  readonly child: ReturnType<typeof spawn>
  /** When a text stands in what it has printed. */
  shows(text: string): Promise<void>
  readonly ended: Promise<Ended>
}

/** Where compiled code is kept: a command starts the sooner for it. */
const compiled = Object.entries(process.env).filter(([name]) => name === 'NODE_COMPILE_CACHE')

/**
 * Starts a command as a process of its own, with nothing in its environment but what reaches the sandbox.
 * Whatever it prints must hold nothing secret.
 */
export function startCli({ args, scene, env = {}, stdin, command }: Running): Started {
  const [program, ...first] = command ?? [process.execPath, main]
  const child = spawn(program, [...first, ...args], {
    env: {
      HOME: '/nonexistent',
      PATH: process.env['PATH'],
      ...Object.fromEntries(compiled),
      ...scene?.sandbox.environment,
      ...env,
    },
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  if (stdin !== undefined) child.stdin.end(stdin)
  const closed = once(child, 'close') as Promise<[number | null]>
  const ended = async (): Promise<Ended> => {
    const [stdout, stderr, [code]] = await Promise.all([text(child.stdout), text(child.stderr), closed])
    if (scene !== undefined) expect(leaksIn(`${stdout}\n${stderr}`, secretsIn(scene))).toEqual([])
    return { code, stdout, stderr }
  }
  let printed = ''
  const heard = new EventEmitter()
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      printed += chunk.toString()
      heard.emit('printed')
    })
  }
  const shows = async (wanted: string) => {
    while (!printed.includes(wanted)) await once(heard, 'printed')
  }
  return { child, shows, ended: ended() }
}

/** The same to its end. */
export async function cli(running: Running): Promise<Ended> {
  return startCli({ stdin: '', ...running }).ended
}

/** The same with `--json`: one document on standard output, and nothing else there. */
export async function json<T>(running: Running): Promise<Ended & { readonly result: T }> {
  const ended = await cli({ ...running, args: [...running.args, '--json'] })
  return { ...ended, result: JSON.parse(ended.stdout) as T }
}

const following = new Set<() => void>()

afterEach(() => {
  for (const stop of following) stop()
  following.clear()
})

/**
 * A deployment as people have it, in this very moment: with the schedule of the daily audit, and a clock that
 * goes on by itself. `earlier` happens `ago` milliseconds before.
 */
export async function deployed(
  options: StageOptions & { ago?: number; earlier?: (staged: Staged) => Promise<unknown> } = {},
): Promise<Staged> {
  const { ago = 0, earlier, ...rest } = options
  const staged = await stage({ start: new Date(Date.now() - ago), auditsDaily: true, ...rest })
  const { clock } = staged.scene
  await earlier?.(staged)
  await clock.advance(Math.max(0, Date.now() - clock.now()))
  following.add(clock.follow())
  return staged
}
