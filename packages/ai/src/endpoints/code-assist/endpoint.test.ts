import { resolveModel } from "@sluice/catalog"
import { describe, expect, test } from "vitest"
import type { Credential } from "../../contract/credential.ts"
import type { Call } from "../../contract/wire-client.ts"
import { systemMint } from "../../platform.ts"
import { codeAssistEndpoint } from "./endpoint.ts"
import { codeAssistSettings } from "./settings.ts"

const endpoint = codeAssistEndpoint()
const login: Credential = { kind: "oauth", id: "me", secret: "ya29.x", projectId: "p" }

async function call(name: string, more: Partial<Call> = {}): Promise<Call> {
  return {
    op: "generate",
    model: await resolveModel(name),
    options: {},
    context: { messages: [] },
    auth: { kind: "oauth", projectId: "p" },
    stream: true,
    known: {},
    channel: { kind: "http", memory: {} },
    mint: systemMint,
    ...more,
  }
}

const request = { path: "/models/m:streamGenerateContent?alt=sse", headers: {}, body: {}, losses: [] }

describe("what comes within an envelope", () => {
  test("is taken out, as text and parsed", () => {
    const frame = endpoint.unwrap?.({ data: '{"response":{"candidates":[1]},"traceId":"t"}' })
    expect(frame).toEqual({ data: '{"candidates":[1]}', json: { candidates: [1] } })
  })

  test.each(['{"error":{"code":429}}', "no JSON", "[1]"])("%s stays as it is", (data) => {
    const frame = { data }
    expect(endpoint.unwrap?.(frame)).toBe(frame)
  })
})

describe("addresses", () => {
  test("are one for all models, on the host of the service", async () => {
    const at = await call("google-gemini-cli/gemini-2.5-pro")
    expect(endpoint.dress(request, at, login).url).toBe(
      "https://cloudcode-pa.googleapis.com/v1internal:streamGenerateContent?alt=sse",
    )
    expect(endpoint.dress(request, at, { ...login, baseUrl: "https://own.example/" }).url).toBe(
      "https://own.example/v1internal:streamGenerateContent?alt=sse",
    )
  })

  test("are those of another host where the one before was busy, unless that is switched off", async () => {
    const at = await call("google-antigravity/gemini-3-pro", { known: { "code-assist.host": 1 } })
    expect(endpoint.dress(request, at, login).url).toMatch(/^https:\/\/daily-cloudcode-pa\.sandbox\.googleapis\.com\//)
    const single = codeAssistEndpoint({ fallback: false })
    expect(single.dress(request, at, login).url).toMatch(/^https:\/\/daily-cloudcode-pa\.googleapis\.com\//)
  })

  test("of the operator's own have no others", async () => {
    const model = await resolveModel("google-antigravity/gemini-3-pro", {
      env: (name) => (name === "GOOGLE_ANTIGRAVITY_BASE_URL" ? "https://own.example" : undefined),
    })
    const at = await call("google-antigravity/gemini-3-pro", { model, known: { "code-assist.host": 1 } })
    expect(endpoint.dress(request, at, login).url).toMatch(/^https:\/\/own\.example\//)
  })
})

test.each([
  [{ GOOGLE_CLOUD_PROJECT: "a", GOOGLE_CLOUD_PROJECT_ID: "b" }, { project: "a" }],
  [{ GOOGLE_CLOUD_PROJECT: " ", GOOGLE_CLOUD_PROJECT_ID: "b" }, { project: "b" }],
  [{ SLUICE_CODE_ASSIST_FALLBACK: "off" }, { fallback: false }],
  [{ SLUICE_CODE_ASSIST_FALLBACK: "yes" }, {}],
] as [Record<string, string>, object][])("settings of %j", (env, settings) => {
  expect(codeAssistSettings((name) => env[name])).toEqual(settings)
})
