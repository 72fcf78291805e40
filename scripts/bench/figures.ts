export const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0)

/** The value that a quarter of them do not exceed. */
export const lowerQuartile = (values: readonly number[]) => quantile(values, 1 / 4)

/** Of an even number the lower one of the two in the middle. */
export const median = (values: readonly number[]) => quantile(values, 1 / 2)

function quantile(values: readonly number[], share: number): number {
  return values.toSorted((a, b) => a - b)[Math.ceil(values.length * share) - 1] ?? Number.NaN
}

/** What is allowed, and what was measured. */
export interface Budget {
  readonly what: string
  readonly measured: number
  readonly limit: number
  readonly unit: 'KiB' | '×' | 'µs' | 'calls' | 'secrets'
}

export function isMet({ measured, limit }: Pick<Budget, 'measured' | 'limit'>): boolean {
  return measured <= limit
}

export function figure({ value, unit }: { value: number; unit: Budget['unit'] }): string {
  const digits = { KiB: 1, '×': 2, µs: 0, calls: 0, secrets: 0 }[unit]
  return `${value.toFixed(digits)} ${unit}`
}
