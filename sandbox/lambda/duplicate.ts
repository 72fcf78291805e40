import type { LambdaFunction } from './invocation.ts'

/**
 * A function that is invoked twice for every invocation: `in-turn` as after a reply that got lost (the second
 * result counts), `at-once` as when two are under way (the first result counts).
 */
export function duplicated({
  target,
  how,
}: {
  target: LambdaFunction
  how: 'in-turn' | 'at-once'
}): LambdaFunction {
  const inTurn: LambdaFunction['invoke'] = async (event) => {
    await target.invoke(event)
    return target.invoke(event)
  }
  const atOnce: LambdaFunction['invoke'] = async (event) => {
    const [first] = await Promise.all([target.invoke(event), target.invoke(event)])
    return first
  }
  return { arn: target.arn, invoke: how === 'in-turn' ? inTurn : atOnce }
}
