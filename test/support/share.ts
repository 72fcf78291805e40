// What the tests run is a share of what `npm run prove` runs whole: the same share each time, and such that two tests of
// the same calls have shares that do not meet.

/** Set by `npm run prove` for the tests that it runs. */
export const isWhole = process.env['DFNS_ROTATOR_PROVES'] === '1'

/** One in `of`, the first of them number `from`. */
export interface Share {
  readonly from: number
  readonly of: number
}

/** The numbers of a share, without an end. */
export function* numbersOf({ from, of }: Share): Generator<number, never> {
  for (let number = isWhole ? 0 : from; ; number += isWhole ? 1 : of) yield number
}

/** How many of `count` are in a share, or less by one. */
export const sizeOf = (count: number, { of }: Share): number => Math.floor(count / (isWhole ? 1 : of))
