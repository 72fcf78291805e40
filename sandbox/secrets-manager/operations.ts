import { guarded } from './access.ts'
import { listOperations } from './list-operations.ts'
import { managementOperations, rotationOperations } from './management-operations.ts'
import type { Operation, Parts } from './operation.ts'
import { replicationOperations } from './replication-operations.ts'
import { valueOperations } from './value-operations.ts'

/** The operations by their AWS names. */
export function createOperations(parts: Parts): ReadonlyMap<string, Operation> {
  const operations = {
    ...valueOperations(parts),
    ...listOperations(parts),
    ...rotationOperations(parts),
    ...managementOperations(parts),
    ...replicationOperations(parts),
  }
  const { vault } = parts
  return new Map(
    Object.entries(operations).map(([name, perform]) => [name, guarded({ name, perform, vault })]),
  )
}
