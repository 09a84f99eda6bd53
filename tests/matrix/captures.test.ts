import { existsSync, readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { resolveModel } from "@sluice/catalog"
import { handoff, type InboundRequest, type Loss, type WireClient, type WireServer } from "@sluice/ai"
import { anthropicMessages } from "@sluice/ai/wires/anthropic-messages"
import { anthropicMessagesServer } from "@sluice/ai/wires/anthropic-messages/server"
import { bedrockConverseStream } from "@sluice/ai/wires/bedrock-converse-stream"
import { googleGenerativeAi } from "@sluice/ai/wires/google-generative-ai"
import { ollamaChat } from "@sluice/ai/wires/ollama-chat"
import { openaiCompletions } from "@sluice/ai/wires/openai-completions"
import { openaiResponses } from "@sluice/ai/wires/openai-responses"
import { openaiResponsesServer } from "@sluice/ai/wires/openai-responses/server"
import { describe, expect, test } from "vitest"
import { CORPUS } from "../conformance/harness.ts"
import { callTo } from "../support/call.ts"

const CAPTURES = join(CORPUS, "captures")

/** Coding agents, and where what they sent stands. */
const CLIENTS: readonly { name: string; folders: RegExp; server: WireServer }[] = [
  { name: "claude-code", folders: /^claude-code/, server: anthropicMessagesServer },
  { name: "codex", folders: /^codex/, server: openaiResponsesServer },
]

/** A model for each wire. */
const TARGETS: readonly { name: string; wire: WireClient }[] = [
  { name: "openai/gpt-5.5", wire: openaiCompletions },
  { name: "openai/gpt-5.5", wire: openaiResponses },
  { name: "anthropic/claude-sonnet-4-5", wire: anthropicMessages },
  { name: "google/gemini-3-flash-preview", wire: googleGenerativeAi },
  { name: "amazon-bedrock/us.anthropic.claude-sonnet-4-5-20250929-v1:0", wire: bedrockConverseStream },
  { name: "ollama/qwen3:8b", wire: ollamaChat },
]

interface Capture {
  method: string
  path: string
  headers: Record<string, string>
  body?: Record<string, unknown>
}

/** The requests of a client that ask for an answer and hold the whole conversation. */
function captured(folders: RegExp): Capture[] {
  return readdirSync(CAPTURES)
    .filter((folder) => folders.test(folder))
    .toSorted()
    .flatMap((folder) => {
      const files = readdirSync(join(CAPTURES, folder)).filter((file) => file.endsWith(".json"))
      return files.toSorted().map((file) => JSON.parse(readFileSync(join(CAPTURES, folder, file), "utf8")) as Capture)
    })
    .filter(({ body }) => body?.["model"] !== undefined && body["previous_response_id"] === undefined)
}

function request({ headers, body = {} }: Capture): InboundRequest {
  return {
    route: "",
    params: {},
    query: new URLSearchParams(),
    headers: new Headers(headers),
    body,
    raw: new TextEncoder().encode(JSON.stringify(body)),
  }
}

/** A loss in a line, the same for every place of its kind. */
function line({ kind, field, reason }: Loss): string {
  return `${kind} ${field.replaceAll(/\[\d+\]/g, "[*]")}: ${reason}`
}

describe.each(CLIENTS)("what $name sends", ({ name, folders, server }) => {
  if (!existsSync(CAPTURES)) {
    test.skip(`no requests at ${CAPTURES}: set SLUICE_CORPUS to the folder that holds them`, () => {})
    return
  }
  const calls = captured(folders)
    .map((capture) => server.accept(request(capture)))
    .filter(({ op }) => op === "generate")

  test("is there", () => expect(calls.length).toBeGreaterThan(3))

  test.each(TARGETS)("reaches $name over $wire.api with the losses that are listed", async ({ name: id, wire }) => {
    const model = await resolveModel(id, { api: wire.api })
    const lines = new Set<string>()
    for (const call of calls) {
      const { context, losses } = handoff(call.context, model, wire.traits)
      const sent = wire.encode(callTo(model, { context, options: call.options }))
      const all = [...call.losses, ...losses, ...sent.losses]
      // Of what was said nothing goes.
      expect(all.filter(({ kind, field }) => kind === "dropped" && /^messages\[\d+\]$/.test(field))).toEqual([])
      for (const loss of all) lines.add(line(loss))
    }
    const listed = [...lines].toSorted().join("\n")
    await expect(`${listed}\n`).toMatchFileSnapshot(`captured/${name}.${wire.api}.txt`)
  })
})
