import { commandPart } from './command-parts.ts'
import { operationCases } from './operation-matrix.ts'
import { testParts } from './suite.ts'

// The kind that is used most, and a sample of the others; `npm run prove` has every fault of every kind.
testParts(
  operationCases.map((one) => commandPart('some faults', one.kind === 'ServiceAccountKey' ? 11 : 67)(one)),
)
