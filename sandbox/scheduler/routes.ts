const ONE: Readonly<Record<string, string>> = {
  POST: 'CreateSchedule',
  GET: 'GetSchedule',
  PUT: 'UpdateSchedule',
  DELETE: 'DeleteSchedule',
}

/** Path and query of a request, decoded. */
export interface Route {
  /** Empty on the list of schedules. */
  readonly name: string
  readonly query: URLSearchParams
}

/** Where a path below `/schedules` leads; undefined for any other, and for one that cannot be decoded. */
export function routeOf(path: string): Route | undefined {
  const [pathname = '', query = ''] = path.split('?')
  const [, schedules, name = '', ...more] = pathname.split('/')
  if (schedules !== 'schedules' || more.length > 0) return undefined
  try {
    return { name: decodeURIComponent(name), query: new URLSearchParams(query) }
  } catch {
    return undefined
  }
}

/** The operation that method and path stand for, which other services name in a header. */
export function schedulerOperation({ method, path }: { method: string; path: string }): string | undefined {
  const route = routeOf(path)
  if (!route) return undefined
  if (route.name === '') return method === 'GET' ? 'ListSchedules' : undefined
  return ONE[method]
}
