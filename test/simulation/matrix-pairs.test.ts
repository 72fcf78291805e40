import { someFaultPairs } from './parts.ts'
import { testParts } from './suite.ts'

// A sample; `npm run prove -- --only pairs` has every pair.
testParts(someFaultPairs)
