import { dying, singleFaults, slowed } from './parts.ts'
import { testParts } from './suite.ts'

// The slow calls and the dying tokens are here because Vitest has two workers.
testParts([...singleFaults.filter(({ name }) => name.endsWith('allowed')), ...slowed, ...dying])
