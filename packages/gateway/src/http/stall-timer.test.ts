import { afterEach, beforeEach, expect, test, vi } from "vitest"
import { StallTimer } from "./stall-timer.ts"

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

test("who takes little is slow, and who takes nothing for the whole time is gone", () => {
  let waiting = 100
  let over = 0
  const timer = new StallTimer()
  timer.start(
    1000,
    () => waiting,
    () => over++,
  )
  for (let n = 0; n < 5; n++) {
    waiting--
    vi.advanceTimersByTime(1000)
  }
  expect(over).toBe(0)
  vi.advanceTimersByTime(999)
  expect(over).toBe(0)
  vi.advanceTimersByTime(10_000)
  expect(over).toBe(1)
})

test("nobody is watched after the end, nor where there is no limit", () => {
  let over = 0
  const timer = new StallTimer()
  timer.start(
    0,
    () => 1,
    () => over++,
  )
  timer.start(
    1000,
    () => 1,
    () => over++,
  )
  timer.stop()
  vi.advanceTimersByTime(10_000)
  expect(over).toBe(0)
})
