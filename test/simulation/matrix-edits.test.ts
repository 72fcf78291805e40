import { dying, edited, slowed } from './parts.ts'
import { testParts } from './suite.ts'

testParts([...edited, ...slowed, ...dying])
