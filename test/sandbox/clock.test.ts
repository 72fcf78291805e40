import { describe, expect, it, vi } from 'vitest'
import { createClock } from '../../sandbox/clock.ts'

describe('the virtual clock', () => {
  it('stands at its start until told otherwise', () => {
    expect(new Date(createClock().now()).toISOString()).toBe('2026-01-05T00:00:00.000Z')
    expect(createClock({ start: new Date(7) }).now()).toBe(7)
  })

  it('runs what falls due in order of time, each at its own time, and those of one time as they were added', async () => {
    const clock = createClock({ start: new Date(0) })
    const seen: [string, number][] = []
    const note = (name: string) => () => void seen.push([name, clock.now()])
    clock.at(20, note('c'))
    clock.at(10, note('a'))
    clock.at(10, note('b'))
    clock.at(31, note('later'))
    await clock.advance(30)
    expect(seen).toEqual([
      ['a', 10],
      ['b', 10],
      ['c', 20],
    ])
    expect([clock.now(), clock.next()]).toEqual([30, 31])
  })

  it('waits for each task, and runs what it adds within the span', async () => {
    const clock = createClock({ start: new Date(0) })
    const seen: string[] = []
    clock.at(10, async () => {
      await Promise.resolve()
      seen.push('first')
      clock.at(15, () => void seen.push('added'))
    })
    clock.at(20, () => void seen.push('last'))
    await clock.advance(20)
    expect(seen).toEqual(['first', 'added', 'last'])
  })

  it('does not run what was cancelled', async () => {
    const clock = createClock({ start: new Date(0) })
    const task = vi.fn<() => void>()
    clock.at(10, task)()
    await clock.advance(20)
    expect(task).not.toHaveBeenCalled()
  })

  it('runs at the next advance what is due already, and does not go back for it', async () => {
    const clock = createClock({ start: new Date(100) })
    const times: number[] = []
    clock.at(50, () => void times.push(clock.now()))
    await clock.advance(0)
    expect(times).toEqual([100])
  })

  it('lets a task advance it without locking up', async () => {
    const clock = createClock({ start: new Date(0) })
    const seen: number[] = []
    clock.at(20, () => void seen.push(clock.now()))
    clock.at(10, () => clock.advance(15))
    await clock.advance(12)
    expect(seen).toEqual([20])
    expect(clock.now()).toBe(25)
  })

  it('hands on the error of a task', async () => {
    const clock = createClock()
    clock.at(0, () => {
      throw new Error('from the task')
    })
    await expect(clock.advance(0)).rejects.toThrow('from the task')
  })

  it('is never behind the real time that it follows: a process that it dates has gone on by itself', () => {
    vi.useFakeTimers()
    try {
      const clock = createClock({ start: new Date(0) })
      clock.follow()
      vi.advanceTimersByTime(1020)
      expect(clock.now()).toBe(1020)
    } finally {
      vi.useRealTimers()
    }
  })

  it('follows real time until stopped', () => {
    vi.useFakeTimers()
    try {
      const clock = createClock({ start: new Date(0) })
      const stop = clock.follow()
      vi.advanceTimersByTime(1000)
      expect(clock.now()).toBe(1000)
      stop()
      vi.advanceTimersByTime(1000)
      expect(clock.now()).toBe(1000)
    } finally {
      vi.useRealTimers()
    }
  })
})
