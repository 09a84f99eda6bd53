import { resolveModel } from "@sluice/catalog"
import { expect, test } from "vitest"
import type { Credential } from "../../contract/credential.ts"
import { systemMint } from "../../platform.ts"
import { bedrockEndpoint } from "./endpoint.ts"

test("without a credential a request has neither signature nor bearer, and goes to the region that came with it", async () => {
  const endpoint = bedrockEndpoint()
  const none: Credential = { kind: "none", id: "none", location: "eu-west-1" }
  const request = { path: "/model/m/converse-stream", headers: {}, body: {}, losses: [] }
  const dressed = await endpoint.dress(
    request,
    {
      op: "generate",
      model: await resolveModel("amazon-bedrock/amazon.nova-lite-v1:0"),
      options: {},
      context: { messages: [] },
      auth: { kind: "none" },
      stream: true,
      known: {},
      channel: { kind: "http", memory: {} },
      mint: systemMint,
    },
    none,
  )
  const sent = await endpoint.sign?.(dressed, none, 0)
  expect(sent?.url).toBe("https://bedrock-runtime.eu-west-1.amazonaws.com/model/m/converse-stream")
  expect(Object.keys(sent?.headers ?? {}).filter((name) => /^(?:authorization|x-amz-)/i.test(name))).toEqual([])
})
