/**
 * What the next turn of a long conversation costs until its request goes out, over a connection that keeps the
 * conversation: 2,000 messages against 200.
 */
import { type Channel, type Exchange, Known, type Message, type Route, stream } from "@sluice/ai"
import { codexEndpoint } from "@sluice/ai/endpoints/codex"
import { openaiResponses } from "@sluice/ai/wires/openai-responses"
import { resolveModel } from "@sluice/catalog"
import { median, row } from "./measure.ts"

/** Turns per round. */
const TURNS = 200

/** A program with one connection that answers at once, and says when a request goes out. */
async function program(): Promise<{ route: Route; sent(): { at: number; bytes: number } }> {
  const memory = new Map<string, unknown>()
  let last = { at: 0, bytes: 0 }
  let n = 0
  const model = await resolveModel("openai-codex/gpt-5.5")
  const channel: Channel = {
    kind: "websocket",
    memory,
    send: async (request): Promise<Exchange> => {
      last = { at: performance.now(), bytes: (request.body as string).length }
      const id = `resp_${++n}`
      const item = {
        type: "message",
        id: `msg_${n}`,
        role: "assistant",
        status: "completed",
        content: [{ type: "output_text", text: `Answer ${n}.`, annotations: [] }],
      }
      const events = [
        { type: "response.created", response: { id, status: "in_progress" } },
        { type: "response.output_item.done", output_index: 0, item },
        {
          type: "response.completed",
          response: { id, status: "completed", usage: { input_tokens: 1, output_tokens: 1 } },
        },
      ]
      return {
        head: { status: 101, headers: new Headers(), channel: "websocket" },
        chunks: (async function* () {
          for (const event of events) yield { data: JSON.stringify(event) }
        })(),
        cancel: () => {},
      }
    },
    close: () => {},
  }
  const credential = { kind: "oauth" as const, id: "bench", secret: "a.b.c", origin: "bench" }
  const lease = { credential, observe: () => {}, replace: async () => undefined, release: () => {} }
  const route: Route = {
    model,
    wire: openaiResponses,
    endpoint: codexEndpoint(),
    credentials: { acquire: async () => lease },
    transport: { open: async () => channel },
  }
  return { route, sent: () => last }
}

const PARAGRAPH = "What was said in a turn of a conversation that has been going on for a while. ".repeat(4)

/** Microseconds until the request of a turn goes out, behind so many messages, and the bytes of that request. */
async function turns(messages: number): Promise<{ us: number; bytes: number }> {
  const { route, sent } = await program()
  const environment = { known: new Known() }
  const conversation: Message[] = []
  for (let i = 0; conversation.length < messages; i++) {
    conversation.push({ role: "user", content: `Question ${i}. ${PARAGRAPH}` })
    conversation.push({
      role: "assistant",
      content: [{ type: "text", text: `Answer. ${PARAGRAPH}` }],
      api: route.model.api,
      provider: route.model.provider,
      model: route.model.id,
      usage: { provenance: "absent" },
      stopReason: "stop",
      timestamp: 0,
    })
  }
  const times: number[] = []
  for (let turn = 0; turn < TURNS; turn++) {
    conversation.push({ role: "user", content: `And ${turn}?` })
    const before = performance.now()
    const answer = await stream(
      route,
      { systemPrompt: "Be brief.", messages: [...conversation] },
      { sessionId: "s" },
      environment,
    ).result()
    if (answer.error) throw new Error(answer.error.message)
    times.push((sent().at - before) * 1000)
    conversation.push(answer)
  }
  return { us: median(times.slice(TURNS / 4)), bytes: sent().bytes }
}

/** The table. The sizes take turns, so that both meet the same machine. */
export async function benchChain(rounds: number): Promise<string[]> {
  const few: number[] = []
  const many: number[] = []
  let bytes = { few: 0, many: 0 }
  await turns(200)
  for (let round = 0; round < rounds; round++) {
    const small = await turns(200)
    const large = await turns(2000)
    few.push(small.us)
    many.push(large.us)
    bytes = { few: small.bytes, many: large.bytes }
  }
  return [
    "| messages before the turn | µs until the request goes out | × 200 messages | bytes of the request |",
    "|---|---:|---:|---:|",
    row(["200", median(few), "1.00×", bytes.few]),
    row(["2,000", median(many), `${(median(many) / median(few)).toFixed(2)}×`, bytes.many]),
  ]
}
