import { expect, test } from 'vitest'
import { told } from '../../cli/failure.ts'
import { remedies, remedyOf } from '../../cli/remedies.ts'
import { errorCodes, RotationError } from '../../lambdas/errors.ts'

test('every code is told with what to do, in one line that begins like one', () => {
  for (const code of errorCodes) {
    const { remedy, ...failure } = told(new RotationError(code, 'why'))
    expect(failure).toMatchObject({ code, message: 'why' })
    expect(remedy).toBe(remedies[code])
    expect(remedy).toMatch(/^[a-z][^\n]{15,110}[^.\n]$/)
  }
})

test('a code of a later release has none', () => {
  expect(remedyOf('ERR_OF_TOMORROW')).toBeUndefined()
  expect(remedyOf('toString')).toBeUndefined()
})
