import { resolveModel } from "@sluice/catalog"
import { describe, expect, test } from "vitest"
import { callOf as messagesCall } from "../../../../../tests/support/anthropic-messages.ts"
import { callOf } from "../../../../../tests/support/google-generative-ai.ts"
import type { Credential } from "../../contract/credential.ts"
import type { Call, WireRequest } from "../../contract/wire-client.ts"
import { anthropicMessages } from "../../wires/anthropic-messages/client.ts"
import { googleGenerativeAi } from "../../wires/google-generative-ai/client.ts"
import { googleEndpoint } from "../google.ts"
import { vertexAnthropicEndpoint, vertexEndpoint, vertexSettings } from "./index.ts"

const key: Credential = { kind: "key", id: "k", secret: "sk" }
const token: Credential = { kind: "oauth", id: "t", secret: "st" }
const settings = { project: "p", location: "us-east5" }
const count = (call: Call): WireRequest => anthropicMessages.operations?.countTokens?.encode(call) as WireRequest

async function claude(fields: Parameters<typeof messagesCall>[0] = {}): Promise<Call> {
  return messagesCall({
    ...fields,
    model: { ...(await resolveModel("google-vertex/claude-3-7-sonnet-20250219")), ...fields.model },
  })
}

/** A request as the attempt makes it: body, then dress. */
function dressed(call: Call, request: WireRequest, credential: Credential = token) {
  const endpoint = vertexAnthropicEndpoint(settings)
  const body = endpoint.body?.(request.body as never, request.headers, call) ?? request.body
  const http = endpoint.dress({ ...request, body }, call, credential)
  return { ...http, json: JSON.parse(String(http.body)) as Record<string, unknown> }
}

describe("where a project is", () => {
  test("the variables count in their order", () => {
    const env = (set: Record<string, string>) => vertexSettings((name) => set[name])
    expect(env({})).toEqual({})
    expect(env({ GCLOUD_PROJECT: "c", GCP_PROJECT: "b", GOOGLE_CLOUD_PROJECT: " a " })).toEqual({ project: "a" })
    expect(env({ VERTEX_LOCATION: "c", GOOGLE_CLOUD_LOCATION: "b" })).toEqual({ location: "b", ambient: true })
    expect(env({ GOOGLE_CLOUD_LOCATION: "b", GOOGLE_VERTEX_LOCATION: "a" })).toMatchObject({ location: "a" })
  })

  const url = async (
    base: string | undefined,
    credential: Credential,
    at: Parameters<typeof vertexEndpoint>[0] = settings,
  ) => {
    const model = await resolveModel(
      "google-vertex/gemini-2.5-flash",
      base === undefined ? {} : { baseUrl: base, provider: "google-vertex" },
    )
    const call = callOf({ model: { ...model, id: "g" } })
    return vertexEndpoint(at)
      .dress(googleGenerativeAi.encode(call), call, credential)
      .url.replace(/\/models\/.*/, "")
  }

  test("a key needs no project", async () => {
    expect(await url(undefined, key, {})).toBe("https://aiplatform.googleapis.com/v1/publishers/google")
    expect(await url(undefined, key)).toBe("https://us-east5-aiplatform.googleapis.com/v1/publishers/google")
  })

  test("a token needs one, and the credential's own wins", async () => {
    await expect(url(undefined, token, {})).rejects.toMatchObject({
      code: "config",
      hint: expect.stringContaining("GOOGLE_CLOUD_PROJECT"),
    })
    expect(await url(undefined, { ...token, projectId: "mine" })).toContain("/projects/mine/locations/us-east5/")
  })

  test("another host stays, and an address that says more is taken as it is", async () => {
    expect(await url("https://proxy.invalid/vertex/v1", token)).toBe(
      "https://proxy.invalid/vertex/v1/projects/p/locations/us-east5/publishers/google",
    )
    expect(await url("https://proxy.invalid/v1/projects/x/locations/y", token)).toBe(
      "https://proxy.invalid/v1/projects/x/locations/y/publishers/google",
    )
    expect(await url("https://proxy.invalid/v1/publishers/google", key)).toBe(
      "https://proxy.invalid/v1/publishers/google",
    )
  })

  test("what is no name does not get into an address", async () => {
    for (const at of [{ location: "evil.invalid/x" }, { project: "a/../b" }]) {
      await expect(url(undefined, token, { project: "p", ...at })).rejects.toMatchObject({ code: "config" })
    }
  })

  test("models are listed for no project", async () => {
    const call = callOf({ model: await resolveModel("google-vertex/gemini-2.5-flash") })
    const request = googleGenerativeAi.operations?.models?.encode() as WireRequest
    expect(vertexEndpoint(settings).dress(request, call, token)).toMatchObject({
      method: "GET",
      url: "https://us-east5-aiplatform.googleapis.com/v1beta1/publishers/google/models?pageSize=1000",
    })
  })
})

describe("Claude", () => {
  test("the model stands in the address, version and betas in the body", async () => {
    const call = await claude({ options: { wire: { "anthropic-messages": { betas: ["a", "b"] } } } })
    const { url, headers, json } = dressed(call, anthropicMessages.encode(call))
    expect(url).toBe(
      "https://us-east5-aiplatform.googleapis.com/v1/projects/p/locations/us-east5/publishers/anthropic/models/claude-3-7-sonnet@20250219:streamRawPredict",
    )
    expect(headers["authorization"]).toBe("Bearer st")
    expect(Object.keys(headers).filter((name) => name.startsWith("anthropic-"))).toEqual([])
    expect(json).toMatchObject({ anthropic_version: "vertex-2023-10-16", anthropic_beta: ["a", "b"], stream: true })
    expect(json).not.toHaveProperty("model")
  })

  test("a key is not enough where a project is known", async () => {
    const call = await claude()
    const { url, headers } = dressed(call, anthropicMessages.encode(call), key)
    expect(url).toContain("/projects/p/locations/us-east5/publishers/anthropic/")
    expect(headers["x-goog-api-key"]).toBe("sk")
  })

  test("a header of the caller's is no way around that", async () => {
    const call = await claude({ options: { headers: { "Anthropic-Beta": "c" } } })
    const { headers, json } = dressed(call, anthropicMessages.encode(call))
    expect(headers).not.toHaveProperty("anthropic-beta")
    expect(json["anthropic_beta"]).toContain("c")
  })

  test("a list of its models is refused, and where their names are is said", async () => {
    const list = { method: "GET" as const, path: "/v1/models", headers: {}, body: null, losses: [] }
    const call = await claude()
    expect(() => vertexAnthropicEndpoint(settings).dress(list, call, token)).toThrow(
      expect.objectContaining({ code: "unsupported", hint: expect.stringContaining("Model Garden") }),
    )
  })

  test("no stream has another method, a count another model and its own in the body", async () => {
    const call = await claude({ stream: false })
    expect(dressed(call, anthropicMessages.encode(call)).url).toMatch(/@20250219:rawPredict$/)
    const counted = dressed(call, count(call))
    expect(counted.url).toMatch(/\/publishers\/anthropic\/models\/count-tokens:rawPredict$/)
    expect(counted.json).toMatchObject({ model: "claude-3-7-sonnet@20250219", anthropic_version: "vertex-2023-10-16" })
  })

  test("neither levels nor an editing of the context are asked for", async () => {
    const model = await resolveModel("google-vertex/claude-opus-4-6")
    expect(model.api).toBe("google-vertex-anthropic")
    const call = messagesCall({ model, options: { reasoning: "high" } })
    const { json } = dressed(call, anthropicMessages.encode(call))
    expect(json).not.toHaveProperty("output_config")
    expect(json).not.toHaveProperty("context_management")
    expect(JSON.stringify(json["anthropic_beta"] ?? [])).not.toContain("effort")
  })

  test("one that the catalog does not know is spoken to in the same way", async () => {
    expect(await resolveModel("google-vertex/claude-new-9")).toMatchObject({ api: "google-vertex-anthropic" })
  })
})

describe("the Gemini API", () => {
  const dress = async (baseUrl: string | undefined, credential: Credential) => {
    const model = await resolveModel(
      "google/gemini-2.5-flash",
      baseUrl === undefined ? {} : { baseUrl, provider: "google" },
    )
    const call = callOf({ model })
    return googleEndpoint.dress(googleGenerativeAi.encode(call), call, credential)
  }

  test("the key goes into its header, a token out as a bearer", async () => {
    const { url, headers } = await dress(undefined, key)
    expect(url).toBe(
      "https://generativelanguage.googleapis.com/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse",
    )
    expect(headers).toMatchObject({ "x-goog-api-key": "sk" })
    expect(headers).not.toHaveProperty("authorization")
    expect((await dress(undefined, token)).headers).toMatchObject({ authorization: "Bearer st" })
  })

  test("a base URL without a path gets the version", async () => {
    expect((await dress("https://proxy.invalid", key)).url).toMatch(/^https:\/\/proxy\.invalid\/v1beta\/models\//)
    expect((await dress("https://proxy.invalid/gemini/v1", key)).url).toMatch(
      /^https:\/\/proxy\.invalid\/gemini\/v1\/models\//,
    )
  })
})
