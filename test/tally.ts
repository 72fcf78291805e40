import type { Reporter, SerializedError, TestModule, TestSuite } from 'vitest/node'

/** Errors outside of any test: a file that does not load, a hook that throws. Vitest calls their tests skipped. */
const strayErrors = (modules: readonly TestModule[]): number =>
  modules
    .flatMap((module): (TestModule | TestSuite)[] => [module, ...module.children.allSuites()])
    .filter((scope) => scope.errors().length > 0).length

/** A Vitest reporter whose one line, `N passed, N failed`, closes the run. */
export const tally: Reporter = {
  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly SerializedError[]): void {
    const states = modules.flatMap((module) =>
      [...module.children.allTests()].map((test) => test.result().state),
    )
    const count = (state: string) => states.filter((each) => each === state).length
    const passed = count('passed')
    const failed = count('failed') + strayErrors(modules) + unhandled.length
    const skipped = states.length - passed - count('failed')
    console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`)
  },
}
