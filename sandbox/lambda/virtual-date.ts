const RealDate = Date

/**
 * Lets `Date` show the sandbox's time instead of the machine's, going on at its pace from the moment it is
 * set. Timers and performance.now() stay real.
 */
export function setDate(now: number): void {
  const offset = now - RealDate.now()
  const read = () => RealDate.now() + offset
  globalThis.Date = new Proxy(RealDate, {
    construct: (target, args, newTarget): object =>
      Reflect.construct(target, args.length === 0 ? [read()] : args, newTarget),
    apply: () => new RealDate(read()).toString(),
    get: (target, property, receiver): unknown =>
      property === 'now' ? read : Reflect.get(target, property, receiver),
  })
}
