import { describe, expect, onTestFinished, test } from "vitest"
import { codeAssistEmulator } from "./code-assist.ts"
import type { CodeAssistEmulator, CodeAssistOptions } from "./code-assist-types.ts"

const METADATA = { ideType: "IDE_UNSPECIFIED", platform: "PLATFORM_UNSPECIFIED", pluginType: "GEMINI" }
const ASK = {
  project: "emulated-project",
  model: "m",
  request: { contents: [{ role: "user", parts: [{ text: "Hi" }] }] },
}

async function assist(options: CodeAssistOptions = {}): Promise<CodeAssistEmulator> {
  const server = await codeAssistEmulator(options)
  onTestFinished(() => server.close())
  return server
}

async function post(
  server: CodeAssistEmulator,
  method: string,
  body: unknown,
  token: string | undefined = "t",
): Promise<[number, unknown]> {
  const response = await fetch(`${server.url}/v1internal:${method}`, {
    method: "POST",
    headers: token ? { authorization: `Bearer ${token}` } : {},
    body: JSON.stringify(body),
  })
  return [response.status, await response.json()]
}

describe("answers", () => {
  test("stand in an envelope, whole and in pieces, and requests too", async () => {
    const server = await assist({ script: () => ({ text: "Hello." }) })
    expect(await post(server, "generateContent", ASK)).toMatchObject([
      200,
      { response: { candidates: [{ content: { parts: [{ text: "Hello." }] } }] }, traceId: expect.any(String) },
    ])
    const response = await fetch(`${server.url}/v1internal:streamGenerateContent?alt=sse`, {
      method: "POST",
      headers: { authorization: "Bearer t" },
      body: JSON.stringify(ASK),
    })
    expect(await response.text()).toMatch(/^data: \{"response":\{"candidates"/)
    expect(server.calls).toMatchObject([{ surface: "code-assist", model: "m" }, {}])
    expect(server.wrappers[0]).toEqual({ project: "emulated-project", model: "m" })
  })

  test.each([
    ["no token", ASK, "", 401],
    ["another's token", ASK, "x", 401],
    ["another's project", { ...ASK, project: "p" }, "t", 403],
    ["no model", { ...ASK, model: undefined }, "t", 400],
    ["a model that is not there", { ...ASK, model: "n" }, "t", 404],
    ["a field that it does not know", { ...ASK, contents: [] }, "t", 400],
    ["no kind, where that is wanted", { ...ASK, requestType: undefined }, "t", 400],
    ["a request that the models refuse", { ...ASK, requestType: "agent", request: { contents: [] } }, "t", 400],
  ])("are refused: %s", async (name, body, token, status) => {
    const wants = name.startsWith("no kind") || name.startsWith("a request") ? { requires: ["requestType"] } : {}
    const server = await assist({ accessToken: "t", models: ["m"], ...wants })
    expect((await post(server, "generateContent", body, token))[0]).toBe(status)
    expect(server.calls).toHaveLength(0)
  })
})

describe("enrolling", () => {
  test("takes the free plan without a project, and is done after so many questions", async () => {
    const server = await assist({ account: { polls: 1 } })
    expect(await post(server, "loadCodeAssist", { metadata: METADATA })).toEqual([
      200,
      { allowedTiers: [{ id: "free-tier", isDefault: true }] },
    ])
    const own = { tierId: "free-tier", metadata: METADATA, cloudaicompanionProject: "mine" }
    expect(await post(server, "onboardUser", own)).toMatchObject([400, { error: { status: "FAILED_PRECONDITION" } }])
    const begun = await post(server, "onboardUser", { tierId: "free-tier", metadata: METADATA })
    expect(begun).toMatchObject([200, { done: false, name: expect.stringMatching(/^operations\//) }])
    const { name } = begun[1] as { name: string }
    const done = await fetch(`${server.url}/v1internal/${name}`, { headers: { authorization: "Bearer t" } })
    expect(await done.json()).toMatchObject({
      done: true,
      response: { cloudaicompanionProject: { id: "emulated-project" } },
    })
    expect((await post(server, "loadCodeAssist", { metadata: METADATA }))[1]).toMatchObject({
      currentTier: { id: "free-tier" },
      cloudaicompanionProject: "emulated-project",
    })
  })

  test("takes a plan that is paid for with a project", async () => {
    const server = await assist({ account: { polls: 0 } })
    const paid = { tierId: "standard-tier", metadata: METADATA }
    expect((await post(server, "onboardUser", paid))[0]).toBe(400)
    expect(await post(server, "onboardUser", { ...paid, cloudaicompanionProject: "mine" })).toMatchObject([
      200,
      { done: true, response: { cloudaicompanionProject: { id: "mine" } } },
    ])
  })

  test("wants to know what asks, by a word of its list", async () => {
    const server = await assist()
    expect((await post(server, "loadCodeAssist", {}))[0]).toBe(400)
    expect((await post(server, "loadCodeAssist", { metadata: { ideType: "MY_IDE" } }))[0]).toBe(400)
  })
})
