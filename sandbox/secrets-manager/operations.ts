import { listOperations, managementOperations, rotationOperations } from './management-operations.ts'
import type { Operation, Parts } from './operation.ts'
import { valueOperations } from './value-operations.ts'

/** The operations by their AWS names. */
export function createOperations(parts: Parts): ReadonlyMap<string, Operation> {
  return new Map(
    Object.entries({
      ...valueOperations(parts),
      ...listOperations(parts),
      ...rotationOperations(parts),
      ...managementOperations(parts),
    }),
  )
}
