import { existsSync, readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { bedrockInvokeEndpoint } from "@sluice/ai/endpoints/bedrock-invoke"
import { anthropicMessages } from "@sluice/ai/wires/anthropic-messages"
import { bedrockConverseStream } from "@sluice/ai/wires/bedrock-converse-stream"
import { describe, expect, test } from "vitest"
import { checkConverse } from "../../packages/testkit/src/emulators/bedrock/check.ts"
import { AWS_KEYS } from "../support/bedrock.ts"
import { callOf as messagesCall } from "../support/anthropic-messages.ts"
import { absentWithout, CORPUS, hasCorpus } from "./harness.ts"

const FIXTURES = join(CORPUS, "fixtures")

/** The recorded requests below a folder that the vendor answered with a success. */
function requestsIn(folder: string): { name: string; body: unknown; url: string; answer: string }[] {
  const root = join(FIXTURES, folder)
  if (!hasCorpus || !existsSync(root)) return []
  return readdirSync(root, { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".request.json"))
    .flatMap((path) => {
      const stem = join(root, path.slice(0, -".request.json".length))
      const meta = JSON.parse(readFileSync(`${stem}.meta.json`, "utf8")) as {
        http_status: number
        url: string
        file: string
      }
      if (meta.http_status !== 200) return []
      // What is long was left out of the recordings.
      const text = readFileSync(join(root, path), "utf8").replace(/"[^"]*<elided \d+ chars of base64>"/g, '"eA=="')
      return [{ name: path, body: JSON.parse(text), url: meta.url, answer: join(root, path, "..", meta.file) }]
    })
}

describe("the emulator takes what the vendor took", () => {
  absentWithout("bedrock-converse-stream")
  const any = { has: () => true } as unknown as ReadonlySet<string>
  for (const folder of ["bedrock-converse-stream", "bedrock-converse"]) {
    for (const { name, body } of requestsIn(folder)) {
      test(name, () => {
        expect(checkConverse(body, any)).toBe(body)
      })
    }
  }
})

describe("counts of tokens", () => {
  absentWithout("bedrock-converse-stream")
  for (const { name, body, url, answer } of requestsIn("count-tokens/bedrock")) {
    test(`${name}: the answer`, () => {
      const said: unknown = JSON.parse(readFileSync(answer, "utf8"))
      const count = { inputTokens: (said as { inputTokens: number }).inputTokens, provenance: "reported" }
      expect(bedrockConverseStream.operations?.countTokens?.decode(said)).toEqual(count)
      expect(anthropicMessages.operations?.countTokens?.decode(said)).toEqual(count)
    })

    test(`${name}: a request of the same form, at the same address`, () => {
      const id = decodeURIComponent(/\/model\/([^/]+)\//.exec(url)?.[1] ?? "")
      const call = messagesCall({
        model: {
          id,
          provider: "amazon-bedrock",
          api: "bedrock-anthropic-messages",
          baseUrl: "https://bedrock-runtime.{region}.amazonaws.com",
        },
        context: { systemPrompt: "You are helpful." },
      })
      const endpoint = bedrockInvokeEndpoint()
      const request = anthropicMessages.operations!.countTokens!.encode(call)
      const shaped = { ...request, body: endpoint.body!(request.body as never, request.headers, call) }
      const sent = endpoint.dress(shaped, call, AWS_KEYS)
      expect(decodeURIComponent(sent.url)).toBe(decodeURIComponent(url))
      const inner = (value: unknown): Record<string, unknown> => {
        const { input } = value as { input: { invokeModel: { body: string } } }
        return JSON.parse(Buffer.from(input.invokeModel.body, "base64").toString("utf8")) as Record<string, unknown>
      }
      const ours = inner(JSON.parse(sent.body as string))
      const recorded = inner(body)
      expect(ours).toMatchObject({ anthropic_version: recorded["anthropic_version"], max_tokens: expect.any(Number) })
      for (const field of Object.keys(ours)) {
        expect(["anthropic_version", "anthropic_beta", "max_tokens", "messages", "system", "metadata"]).toContain(field)
      }
    })
  }
})
