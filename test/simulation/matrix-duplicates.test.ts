import { singleFaults } from './parts.ts'
import { testParts } from './suite.ts'

testParts(singleFaults.filter(({ name }) => name.endsWith('refused')))
