import type { createWorld } from './world.ts'

export type World = ReturnType<typeof createWorld>

/** What a test sees of a switch: one observation, and what it yields in each position. */
export interface Proof<Value> {
  readonly observe: (world: World) => Promise<unknown>
  /** The first position is the default. */
  readonly positions: readonly (readonly [Value, unknown])[]
}
