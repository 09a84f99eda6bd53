import { expect, test } from "vitest"
import { ask } from "./http.ts"

const QUESTION = { what: "the token service", url: "https://tokens.example/token" }

/** Answers nothing, until its signal ends it. */
const silent: typeof fetch = (_input, init) =>
  new Promise((_resolve, reject) => {
    init?.signal?.addEventListener("abort", () => reject(init.signal?.reason as Error))
  })

test("an answer is its status, its text, and its value where it is JSON", async () => {
  const given =
    (text: string): typeof fetch =>
    async () =>
      new Response(text, { status: 201 })
  expect(await ask(given('{"a":1}'), QUESTION)).toEqual({ status: 201, text: '{"a":1}', body: { a: 1 } })
  expect(await ask(given("<a/>"), QUESTION)).toEqual({ status: 201, text: "<a/>", body: "<a/>" })
})

test("a host that cannot be reached is a passing fault that names it, with its cause and what to do", async () => {
  const failing: typeof fetch = () => Promise.reject(new TypeError("fetch failed", { cause: new Error("refused") }))
  await expect(ask(failing, QUESTION)).rejects.toMatchObject({
    code: "network",
    retryable: true,
    message: "The token service at tokens.example could not be reached: fetch failed (refused).",
    hint: expect.any(String),
  })
})

test.each([
  ["the limit of the question", () => ({ timeoutMs: 5 })],
  ["that of all questions together", () => ({ init: { signal: AbortSignal.timeout(5) } })],
])("one that says nothing until %s is late", async (_name, limit) => {
  await expect(ask(silent, { ...QUESTION, ...limit() })).rejects.toMatchObject({
    code: "timeout",
    retryable: true,
    message: "The token service at tokens.example did not answer in time.",
    hint: expect.any(String),
  })
})

test("who stops asking gets their own reason", async () => {
  const leaving = new AbortController()
  const asked = ask(silent, { ...QUESTION, init: { signal: leaving.signal }, timeoutMs: 5000 })
  leaving.abort(new Error("left"))
  await expect(asked).rejects.toThrow("left")
})

test("what cannot be sent is named without its secrets, and is not sent", async () => {
  const secret = "SECRET\nTOKEN"
  for (const question of [
    { ...QUESTION, init: { headers: { authorization: secret } } },
    { ...QUESTION, url: "http://user:SECRET@tokens.example/" },
    { ...QUESTION, url: "SECRET" },
  ]) {
    const asked = ask(() => Promise.reject(new Error("it was sent")), question)
    const error = (await asked.catch((thrown: unknown) => thrown)) as Error
    expect(error).toMatchObject({ code: "config", hint: expect.any(String) })
    expect(`${error.message} ${String(error.cause)}`).not.toContain("SECRET")
  }
})
