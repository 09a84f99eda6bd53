import { describe, expect, test } from "vitest"
import { SharedWork } from "./shared-work.ts"

/** Work that ends when it is told to, or when its signal is aborted. */
function controlled(): {
  work: (signal: AbortSignal) => Promise<number>
  begun: AbortSignal[]
  end: (value: number) => void
} {
  const begun: AbortSignal[] = []
  const ends: ((value: number) => void)[] = []
  return {
    begun,
    end: (value) => ends.at(-1)?.(value),
    work: (signal) =>
      new Promise((resolve, reject) => {
        begun.push(signal)
        ends.push(resolve)
        signal.addEventListener("abort", () => reject(signal.reason as Error))
      }),
  }
}

describe("work that is shared", () => {
  test("runs once for all who wait at a time, and anew for those who come later", async () => {
    const { work, begun, end } = controlled()
    const shared = new SharedWork(work, { boundMs: 5000, abandon: false })
    const waiting = [shared.join(), shared.join()]
    end(1)
    expect(await Promise.all(waiting)).toEqual([1, 1])
    const later = shared.join()
    end(2)
    expect(await later).toBe(2)
    expect(begun).toHaveLength(2)
  })

  test("goes on without those who left, and is found by the next one", async () => {
    const { work, begun, end } = controlled()
    const shared = new SharedWork(work, { boundMs: 5000, abandon: false })
    const leaving = new AbortController()
    const left = shared.join(leaving.signal)
    leaving.abort(new Error("left"))
    await expect(left).rejects.toThrow("left")
    const next = shared.join()
    end(1)
    expect(await next).toBe(1)
    expect(begun.map(({ aborted }) => aborted)).toEqual([false])
  })

  test("ends with the last one where it may be abandoned", async () => {
    const { work, begun } = controlled()
    const shared = new SharedWork(work, { boundMs: 5000, abandon: true })
    const leaving = new AbortController()
    const left = shared.join(leaving.signal)
    leaving.abort(new Error("left"))
    await expect(left).rejects.toThrow("left")
    expect(begun.map(({ aborted }) => aborted)).toEqual([true])
  })

  test("has an end, which is an error of ours, and another try after it", async () => {
    const { work, begun, end } = controlled()
    const shared = new SharedWork(work, { boundMs: 20, abandon: false })
    await expect(shared.join()).rejects.toMatchObject({ code: "timeout", retryable: true })
    const next = shared.join()
    end(1)
    expect(await next).toBe(1)
    expect(begun).toHaveLength(2)
  })

  test("is not begun for one who has left already", async () => {
    const { work, begun } = controlled()
    const shared = new SharedWork(work, { boundMs: 5000, abandon: true })
    await expect(shared.join(AbortSignal.abort(new Error("before")))).rejects.toThrow("before")
    expect(begun).toEqual([])
  })
})
