import { edited, singleFaults } from './parts.ts'
import { testParts } from './suite.ts'

// Vitest has two workers: the worlds in which Dfns allows duplicates are in another file.
testParts([...singleFaults.filter(({ name }) => name.endsWith('refused')), ...edited])
