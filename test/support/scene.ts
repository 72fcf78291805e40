import { afterAll, afterEach, expect } from 'vitest'
import { createHost } from '../../sandbox/host.ts'
import { openScene, type Scene, type SceneOptions } from '../../sandbox/scene.ts'
import { noteAsked } from './asked.ts'
import { leaksIn, secretsOf } from './leaks.ts'
import { isWhole } from './share.ts'

const open = new Set<Scene>()

/** Of the scenes of one file, so that their functions start once. `npm run prove` starts them for every scene. */
const host = isWhole ? undefined : createHost()

/**
 * A scene that is stopped after the test, and whose whole output is then searched for every secret it held.
 */
export async function watchedScene(options: SceneOptions = {}): Promise<Scene> {
  const scene = await openScene({ ...(host && { host }), ...options })
  open.add(scene)
  return scene
}

/** Stops a scene before its test ends; nothing that it printed or reported may hold a secret. */
export async function closeScene(scene: Scene): Promise<void> {
  open.delete(scene)
  await scene.sandbox.stop()
  noteCalls(scene)
  const secrets = secretsIn(scene)
  const leaks = printed(scene).flatMap((text) => leaksIn(text, secrets))
  expect(leaks).toEqual([])
}

/** Functions sign what they send to AWS, by a key that has their name; people of a scene sign nothing. */
function noteCalls({ sandbox }: Scene): void {
  const { vault, wire } = sandbox
  for (const { request } of wire.calls) {
    const { authorization = '' } = request.headers
    const by = / Credential=([^/]+)\//.exec(authorization)?.[1]
    if (by !== undefined) noteAsked({ by, request, vault })
  }
}

afterEach(async () => {
  await Promise.all([...open].map(closeScene))
})

afterAll(() => host?.close())

/**
 * All that anybody could read: what the function printed, and what Lambda and Secrets Manager reported of it.
 */
function printed({ sandbox }: Scene): string[] {
  const output = [...sandbox.bundled.values()].flatMap((target) => target.output)
  return [...output, ...sandbox.engine.progress.items, ...sandbox.events.items].map((item) =>
    typeof item === 'string' ? item : JSON.stringify(item),
  )
}

/** Everything secret that the scene holds, and held. */
export function secretsIn({ sandbox }: Scene) {
  const documents = sandbox.vault
    .list()
    .flatMap((secret) =>
      [...secret.versions.values()].flatMap(({ value }) =>
        value && 'SecretString' in value ? [value.SecretString] : [],
      ),
    )
  return secretsOf({ calls: sandbox.wire.calls, documents })
}
