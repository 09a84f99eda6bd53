import { getEventListeners } from "node:events"
import { setImmediate as turn } from "node:timers/promises"
import { describe, expect, onTestFinished, test } from "vitest"
import { unlessAborted, Waits } from "./unless-aborted.ts"

const never = new Promise<never>(() => {})

describe("waits that a signal ends", () => {
  test("give what is waited for, one after the other, with one listener that goes at the end", async () => {
    const { signal } = new AbortController()
    const waits = new Waits(signal)
    expect([await waits.until(Promise.resolve(1)), await waits.until(2)]).toEqual([1, 2])
    expect(getEventListeners(signal, "abort")).toHaveLength(1)
    waits.end()
    expect(getEventListeners(signal, "abort")).toHaveLength(0)
  })

  test("end with the signal's reason, and so does every later one", async () => {
    const controller = new AbortController()
    const waits = new Waits(controller.signal)
    const wait = waits.until(never)
    controller.abort("enough")
    await expect(wait).rejects.toBe("enough")
    await expect(waits.until(Promise.resolve(1))).rejects.toBe("enough")
    await expect(new Waits(controller.signal).until(1)).rejects.toBe("enough")
  })

  test("can be ended by hand, with the first reason that was given", async () => {
    const controller = new AbortController()
    const waits = new Waits(controller.signal)
    waits.stop("complete")
    controller.abort("left")
    await expect(waits.until(never)).rejects.toBe("complete")
  })

  test("let go of what comes too late, and of a failure that nobody waits for any more", async () => {
    const unhandled: unknown[] = []
    const note = (reason: unknown): void => void unhandled.push(reason)
    process.on("unhandledRejection", note)
    onTestFinished(() => void process.off("unhandledRejection", note))
    const late: string[] = []
    const aborted = AbortSignal.abort("gone")
    const open = unlessAborted(Promise.resolve("channel"), aborted, (value) => void late.push(value))
    await expect(open).rejects.toBe("gone")
    await expect(unlessAborted(Promise.reject(new Error("cut")), aborted)).rejects.toBe("gone")
    await turn()
    await turn()
    expect([late, unhandled]).toEqual([["channel"], []])
  })
})
