import { afterAll, beforeAll, expect } from "vitest"

/** Fails the file when a promise was rejected and nobody looked, or something was thrown where nobody could catch it. */
export function guardProcess(): void {
  const seen: unknown[] = []
  const note = (reason: unknown): void => void seen.push(reason)
  beforeAll(() => {
    process.on("unhandledRejection", note)
    process.on("uncaughtException", note)
  })
  afterAll(async () => {
    await new Promise((resolve) => setTimeout(resolve, 20))
    process.off("unhandledRejection", note)
    process.off("uncaughtException", note)
    expect(seen).toEqual([])
  })
}
