import { expect, test } from "vitest"
import { requestId } from "./request-id.ts"

test("ids of requests are in the order of time, and differ within a millisecond", () => {
  const times = [0, 35, 36, Date.UTC(2026, 0, 1), Date.UTC(2059, 4, 25, 17, 38, 27), Date.UTC(2100, 0, 1)]
  const ids = times.map((at) => requestId(at))
  expect(ids.toSorted()).toEqual(ids)
  expect(requestId(1)).not.toBe(requestId(1))
  for (const id of ids) expect(id).toMatch(/^req_[0-9a-z]{9}[0-9A-Za-z]{24}$/)
})
