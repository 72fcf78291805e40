import { someOtherSingles } from './parts.ts'
import { testParts } from './suite.ts'

// The other kinds and strategies; `npm run prove` has every one of their faults.
testParts(someOtherSingles)
