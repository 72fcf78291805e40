import { singleFaults } from './parts.ts'
import { testParts } from './suite.ts'

// A file for each of Vitest's workers: the worlds in which Dfns refuses duplicates are in another one.
testParts(singleFaults.filter(({ name }) => name.endsWith('allowed')))
