import { expect, test } from "vitest"
import { socketLimitsFromEnvironment } from "./websocket-limits.ts"

test("without an environment all limits are by default", () => {
  expect(socketLimitsFromEnvironment({})).toEqual({})
})

test.each([
  ["CONNECT_TIMEOUT_MS", "connectTimeoutMs", 0],
  ["PING_INTERVAL_MS", "pingIntervalMs", 0],
  ["PONG_TIMEOUT_MS", "pongTimeoutMs", 0],
  ["MESSAGE_QUEUE_CAPACITY", "queueCapacity", 1],
  ["MAX_IDLE_REUSE_MS", "maxIdleReuseMs", 0],
])("%s sets %s, from %i on, under the name for all hosts before the older one", (name, field, least) => {
  const [general, older] = [`SLUICE_WEBSOCKET_${name}`, `SLUICE_CODEX_WEBSOCKET_${name}`]
  for (const variable of [general, older]) {
    const limits = (text: string): unknown => socketLimitsFromEnvironment({ [variable]: text })
    expect(limits(" 250 ")).toEqual({ [field]: 250 })
    expect(limits(String(least))).toEqual({ [field]: least })
    for (const text of ["", String(least - 1), "many", "-Infinity"]) expect(limits(text)).toEqual({})
  }
  expect(socketLimitsFromEnvironment({ [general]: "7", [older]: "8" })).toEqual({ [field]: 7 })
  expect(socketLimitsFromEnvironment({ [general]: "many", [older]: "8" })).toEqual({ [field]: 8 })
})
