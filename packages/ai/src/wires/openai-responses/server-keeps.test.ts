import { describe, expect, test } from "vitest"
import { SluiceError } from "../../model/errors.ts"
import { itemPage } from "./server-item-page.ts"
import { keeps } from "./server-keeps.ts"
import { listedItems } from "./respond-listed-input.ts"
import { socket } from "./server-socket.ts"

function refusal(run: () => unknown): SluiceError {
  try {
    run()
  } catch (error) {
    if (SluiceError.is(error)) return error
    throw error
  }
  throw new Error("It was let through.")
}

const page = (items: readonly unknown[], query: Record<string, string>) => itemPage(items, new URLSearchParams(query))

describe("the items of a response", () => {
  test("each have an id of their own, whatever the client sent", () => {
    let n = 0
    const mint = { id: (prefix: string) => `${prefix}${++n}`, now: () => 0 }
    const input = [{ id: "a", role: "user" }, { id: "a", role: "user" }, { id: "" }, { type: "reasoning" }]
    expect(listedItems({ input }, mint).map(({ id }) => id)).toEqual(["a", "msg_1", "msg_2", "rs_3"])
  })

  test.each(["asc", "desc"])("are walked through to the end in the order %s, although an id stands twice", (order) => {
    const items = ["a", "b", "a", "b", "c"].map((id) => ({ id }))
    let after: string | null = null
    for (let pages = 0; pages < items.length; pages++) {
      const got = page(items, { order, limit: "1", ...(after === null ? {} : { after }) })
      if (!got.has_more) return
      after = got.last_id
    }
    throw new Error("The pages do not end.")
  })

  test("come the newest first, with the ends of the page and whether there are more", () => {
    const items = ["a", "b", "c"].map((id) => ({ id }))
    expect(page(items, { limit: "2" })).toMatchObject({
      data: [{ id: "c" }, { id: "b" }],
      first_id: "c",
      last_id: "b",
      has_more: true,
    })
    expect(page(items, { limit: "2", after: "b" })).toMatchObject({ data: [{ id: "a" }], has_more: false })
    expect(page([], {})).toMatchObject({ data: [], first_id: null, last_id: null, has_more: false })
  })

  test.each([{ order: "up" }, { limit: "0" }, { limit: "101" }, { limit: "x" }, { after: "none" }])(
    "are refused with the parameter at fault and what to do: %o",
    (query) => {
      const error = refusal(() => page([], query))
      expect(error).toMatchObject({ status: 400, param: Object.keys(query)[0], hint: expect.any(String) })
    },
  )
})

describe("a kept response", () => {
  const shown = keeps.routes.find((route) => route.method === "GET" && route.path === "/v1/responses/:id")
  const kept = { id: "resp_1", value: { id: "resp_1" }, input: [] }

  test("is shown as it was given, and not as a stream", () => {
    if (shown?.method !== "GET") throw new Error("It has no path.")
    expect(shown.show(kept, new URLSearchParams())).toBe(kept.value)
    const error = refusal(() => shown.show(kept, new URLSearchParams("stream=true")))
    expect(error).toMatchObject({ status: 400, param: "stream", hint: expect.any(String) })
  })

  test("that is not there is told without repeating all of what was asked for", () => {
    const error = keeps.missing("x".repeat(5000))
    expect(error).toMatchObject({ status: 404, hint: expect.stringContaining("store") })
    expect(error.message.length).toBeLessThan(200)
  })
})

describe("a message of a connection", () => {
  test("is a request whose answer is streamed, whatever it says of that", () => {
    expect(socket.body({ type: "response.create", model: "m", stream: false })).toEqual({ model: "m", stream: true })
  })

  test.each([{}, { type: 5 }, { type: "response.cancel" }])("of another type is refused: %o", (message) => {
    const error = refusal(() => socket.body(message))
    expect(error).toMatchObject({ code: "invalid_request", param: "type", hint: expect.stringContaining("create") })
  })

  test("that is refused is answered by one with the status in it", () => {
    const message = socket.refusal({ status: 404, headers: { "x-a": "b" }, body: { error: { code: "c" } } })
    expect(message).toEqual({ type: "error", status: 404, headers: { "x-a": "b" }, error: { code: "c" } })
  })
})
