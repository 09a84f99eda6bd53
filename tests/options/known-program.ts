/** Asks a host for one answer, with what another program has learned, and prints what it knows then and how it got on. */
import { keySource, Known, type Model } from "@sluice/ai"
import { createSluice } from "@sluice/ai/auto"

const [baseUrl = "", saved = "{}"] = process.argv.slice(2)
const model: Model = {
  id: "m",
  provider: "p",
  api: "openai-completions",
  baseUrl,
  input: ["text"],
  output: ["text"],
  compat: { chat: { strictTools: "per-tool" } },
}
const parameters = { type: "object", properties: {}, required: [], additionalProperties: false }
const known = new Known(JSON.parse(saved) as Record<string, Record<string, unknown>>)
const sluice = createSluice({ credentials: keySource("k"), environment: { known } })
const message = await sluice.complete(
  model,
  { messages: [{ role: "user", content: "hi" }], tools: [{ name: "t", parameters, strict: true }] },
  { sessionId: "s" },
)
console.log(
  JSON.stringify({ known, stopReason: message.stopReason, attempts: message.attempts ?? [], losses: message.losses }),
)
