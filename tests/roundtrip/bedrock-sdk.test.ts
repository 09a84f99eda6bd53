import { BedrockRuntimeClient, ConverseCommand, ConverseStreamCommand } from "@aws-sdk/client-bedrock-runtime"
import { SluiceError } from "@sluice/ai"
import * as fc from "fast-check"
import { expect, test } from "vitest"
import { contexts } from "../generators/contexts.ts"
import { callOptions } from "../generators/options.ts"
import { encode, known, modelOf } from "../support/bedrock-converse-stream.ts"

// The vendor's own SDK leaves out what the API does not know, so that it writes our body only if every field exists.

const MODELS = [
  modelOf(),
  known("us.anthropic.claude-sonnet-4-5-20250929-v1:0"),
  known("arn:aws:bedrock:eu-west-1:123456789012:application-inference-profile/a1b2/c"),
  known("us.amazon.nova-2-lite-v1:0"),
  known("openai.gpt-oss-120b-1:0"),
]
const context = contexts({
  own: { api: "bedrock-converse-stream", provider: "amazon-bedrock", model: "m" },
  signatures: ["c2ln"],
  hidden: ["aGlk"],
  callSignatures: ["s"],
  items: [{ guardContent: { text: { text: "x", qualifiers: ["query"] } } }],
  answerItems: [{ text: "from an item" }],
  tools: [{ systemTool: { name: "nova_grounding" } }],
})

interface Sent {
  path: string
  body: unknown
}

/** What the SDK would send for an input. */
async function sentBySdk(input: object, stream: boolean): Promise<Sent> {
  let sent: Sent | undefined
  const client = new BedrockRuntimeClient({
    region: "us-east-1",
    credentials: { accessKeyId: "A", secretAccessKey: "s" },
    maxAttempts: 1,
    requestHandler: {
      handle: (request: { path: string; body: Uint8Array | string }) => {
        const { body } = request
        sent = {
          path: request.path,
          body: JSON.parse(typeof body === "string" ? body : new TextDecoder().decode(body)),
        }
        return Promise.reject(new Error("enough"))
      },
    },
  })
  const command = stream ? new ConverseStreamCommand(input as never) : new ConverseCommand(input as never)
  await client.send(command as ConverseCommand).catch((error: unknown) => {
    if (!sent) throw error
  })
  return sent as Sent
}

/** A body as the SDK takes it: bytes are no text there. */
function withBytes(value: unknown, name = ""): unknown {
  if (Array.isArray(value)) return value.map((one) => withBytes(one))
  if (typeof value === "string") {
    return name === "bytes" || name === "redactedContent" ? new Uint8Array(Buffer.from(value, "base64")) : value
  }
  if (typeof value !== "object" || value === null || FREE.has(name)) return value
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, withBytes(inner, key)]))
}

/** Documents of any form. */
const FREE: ReadonlySet<string> = new Set(["json", "input", "additionalModelRequestFields"])

test("AWS's own SDK writes the same request, to the same path", async () => {
  await fc.assert(
    fc.asyncProperty(
      context,
      callOptions,
      fc.constantFrom(...MODELS),
      fc.boolean(),
      async (said, options, model, stream) => {
        let request: ReturnType<typeof encode>
        try {
          request = encode({ model, messages: said.messages, context: said, options, stream })
        } catch (error) {
          if (SluiceError.is(error) && error.code === "invalid_request") return
          throw error
        }
        const body = JSON.parse(JSON.stringify(request.body)) as object
        const input = { modelId: model.id, ...(withBytes(body) as object) }
        expect(await sentBySdk(input, stream)).toEqual({ path: request.path, body })
      },
    ),
    { numRuns: 400 },
  )
})
