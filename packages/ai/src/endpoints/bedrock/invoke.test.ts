import { expect, test } from "vitest"
import { bedrockInvokeReading } from "./invoke.ts"

const { unwrap } = bedrockInvokeReading

test("an exception is told by its headers, whether its payload is JSON, plain text or empty", () => {
  const raised = (data: string, meta: Record<string, string> = {}) =>
    unwrap({
      event: "throttlingException",
      data,
      meta: { ":message-type": "exception", ":exception-type": "throttlingException", ...meta },
    })
  const told = (message?: string) => ({
    event: "error",
    data: JSON.stringify({ type: "error", error: { type: "throttlingException", message, code: 429 } }),
  })
  expect(raised('{"message":"Slow down."}')).toEqual(told("Slow down."))
  expect(raised("Slow down.")).toEqual(told("Slow down."))
  expect(raised("", { ":error-message": "Slow down." })).toEqual(told("Slow down."))
  expect(raised("")).toEqual(told())
})

test("an event without a JSON object breaks the stream", () => {
  expect(() => unwrap({ event: "chunk", data: "[]x", meta: { ":message-type": "event" } })).toThrow(
    expect.objectContaining({ code: "stream_malformed" }),
  )
})
