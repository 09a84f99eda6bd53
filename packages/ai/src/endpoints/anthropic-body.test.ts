import { expect, test } from "vitest"
import { callOf } from "../../../../tests/support/anthropic-messages.ts"
import { bedrockInvokeEndpoint } from "./bedrock/invoke.ts"
import { vertexAnthropicEndpoint } from "./vertex/anthropic.ts"

test.each([
  ["Bedrock", bedrockInvokeEndpoint(), "bedrock-2023-05-31"],
  ["Vertex", vertexAnthropicEndpoint({ project: "p" }), "vertex-2023-10-16"],
])("%s: version and betas stand in the body, those of the header behind those it has", (_name, endpoint, version) => {
  const body = (own: object, betas?: string): unknown =>
    endpoint.body?.({ max_tokens: 1, ...own }, betas === undefined ? {} : { "anthropic-beta": betas }, callOf())
  expect(body({ anthropic_beta: ["a", "b"] }, "b, c,")).toEqual({
    anthropic_version: version,
    anthropic_beta: ["a", "b", "c"],
    max_tokens: 1,
  })
  expect(body({ anthropic_beta: ["a"] })).toMatchObject({ anthropic_beta: ["a"] })
  expect(body({})).toEqual({ anthropic_version: version, max_tokens: 1 })
})
