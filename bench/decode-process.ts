/**
 * One run in a fresh process: decodes a stream from memory and prints the CPU time in milliseconds of the first and
 * the fourth time, user and system of all threads. Usage: decode-process.ts floor|sluice WIRE text|tool SIZE
 */
import { fetchTransport, keySource, openaiEndpoint, stream, type Model, type Route, type WireClient } from "@sluice/ai"
import { body, textStream, toolStream, type BenchWire } from "./streams.ts"

const [who, wire, kind, sizeText] = process.argv.slice(2) as ["floor" | "sluice", BenchWire, "text" | "tool", string]
const size = Number(sizeText)
const make = kind === "text" ? textStream : toolStream
const bytes = make(wire, size)
const warm = make(wire, kind === "text" ? 32 : 512)

/** Lines, text and JSON.parse of every frame: less than that no client can do. */
async function floor(input: Uint8Array): Promise<number> {
  const decoder = new TextDecoder()
  let rest = ""
  let length = 0
  for await (const piece of new Response(body(input)).body as unknown as AsyncIterable<Uint8Array>) {
    const lines = (rest + decoder.decode(piece, { stream: true })).split("\n")
    rest = lines.pop() as string
    for (const line of lines) {
      if (!line.startsWith("data: ") || line === "data: [DONE]") continue
      const value = JSON.parse(line.slice(6)) as { choices?: unknown; delta?: unknown }
      if (value.choices ?? value.delta) length++
    }
  }
  return length
}

async function client(): Promise<WireClient> {
  if (wire === "openai-completions") return (await import("@sluice/ai/wires/openai-completions")).openaiCompletions
  return (await import("@sluice/ai/wires/anthropic-messages")).anthropicMessages
}

async function sluice(): Promise<(input: Uint8Array) => Promise<number>> {
  const model: Model = {
    id: "bench",
    provider: "bench",
    api: wire,
    baseUrl: "http://bench",
    input: ["text"],
    output: ["text"],
    compat: {},
  }
  const codec = await client()
  return async (input) => {
    const fetchLike = async (): Promise<Response> =>
      new Response(body(input), { headers: { "content-type": "text/event-stream" } })
    const route: Route = {
      model,
      wire: codec,
      endpoint: openaiEndpoint,
      credentials: keySource("k"),
      transport: fetchTransport({ fetch: fetchLike }),
    }
    let length = 0
    const answer = stream(route, { messages: [{ role: "user", content: "hi" }] })
    for await (const event of answer)
      if (event.type === "text_delta" || event.type === "toolcall_delta") length += event.delta.length
    const message = await answer.result()
    if (message.error) throw new Error(message.error.message)
    return length
  }
}

const run = who === "floor" ? floor : await sluice()
await run(warm)
const times: number[] = []
let result = 0
for (let i = 0; i < (kind === "text" ? 4 : 1); i++) {
  const before = process.cpuUsage()
  result = await run(bytes)
  const used = process.cpuUsage(before)
  times.push((used.user + used.system) / 1000)
}
// The floor counts events, a client characters.
const least = kind === "tool" && who === "floor" ? size / 16 : size
if (result < least * 0.9) throw new Error(`Only ${result} of ${size} came through.`)
process.stdout.write(JSON.stringify({ first: times[0], fourth: times[3] ?? null }))
