import { otherSinglesOf } from './parts.ts'
import { testParts } from './suite.ts'

testParts(otherSinglesOf('replaced account'))
