/** What vendors took from others breaks none of the rules that ours is held to. */
import { existsSync, readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, test } from "vitest"
import { absentWithout, CORPUS, hasCorpus } from "../conformance/harness.ts"
import { VALIDATORS, type Asked } from "./index.ts"
import { SDK_VALIDATORS } from "./sdk-schemas.ts"

const FIXTURES = join(CORPUS, "fixtures")
const CAPTURES = join(CORPUS, "captures")

/** Our names of the wires of the folders of recordings. */
const WIRES: Readonly<Record<string, string>> = {
  "anthropic-messages": "anthropic-messages",
  "bedrock-converse": "bedrock-converse-stream",
  "bedrock-converse-stream": "bedrock-converse-stream",
  "google-generate": "google-generative-ai",
  "ollama-chat": "ollama-chat",
  "openai-chat": "openai-completions",
  "openai-responses": "openai-responses",
}

/** Our names of the APIs of hosts whose requests have another form. */
const APIS: Readonly<Record<string, string>> = {
  "anthropic-messages bedrock": "bedrock-anthropic-messages",
  "anthropic-messages vertex": "google-vertex-anthropic",
  "google-generative-ai vertex": "google-vertex",
  "openai-responses azure": "azure-openai-responses",
}

const VENDORS = new Set(["openai", "azure", "anthropic", "bedrock", "vertex", "gemini"])

interface Meta {
  wire: string
  vendor: string
  http_status: number
  model?: string | null
  url: string
  request_headers?: Record<string, string>
}

interface Case {
  name: string
  wire: string
  asked: Asked
}

/** The recorded requests that their host answered with a success. */
function recorded(): Case[] {
  if (!hasCorpus) return []
  return readdirSync(FIXTURES, { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".request.json"))
    .toSorted()
    .flatMap((path): Case[] => {
      const meta = JSON.parse(
        readFileSync(join(FIXTURES, path.replace(/\.request\.json$/, ".meta.json")), "utf8"),
      ) as Meta
      const wire = WIRES[meta.wire]
      if (wire === undefined || meta.http_status !== 200) return []
      // What is long was left out of the recordings.
      const text = readFileSync(join(FIXTURES, path), "utf8").replace(/<elided \d+ chars of base64>/g, "")
      return [
        {
          name: path,
          wire,
          asked: {
            body: JSON.parse(text),
            // Where the version is missing, headers were left out of the recording.
            ...(meta.request_headers?.["anthropic-version"] === undefined ? {} : { headers: meta.request_headers }),
            strict: false,
            model: /models\/([^/:]+)/.exec(meta.url)?.[1] ?? meta.model ?? "",
            api: APIS[`${wire} ${meta.vendor}`] ?? wire,
            vendor: VENDORS.has(meta.vendor),
          },
        },
      ]
    })
}

/** Paths of requests, and the wire that they are of. */
const PATHS: readonly (readonly [path: RegExp, wire: string])[] = [
  [/\/chat\/completions$/, "openai-completions"],
  [/\/v1\/responses$/, "openai-responses"],
  [/\/v1\/messages$/, "anthropic-messages"],
  [/:(?:streamG|g)enerateContent$/, "google-generative-ai"],
  [/\/api\/chat$/, "ollama-chat"],
]

interface Capture {
  method: string
  path: string
  headers: Record<string, string> | [string, string][]
  body?: Record<string, unknown>
}

/** What real clients sent to a host of this wire. */
function captured(): Case[] {
  if (!existsSync(CAPTURES)) return []
  return readdirSync(CAPTURES, { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".json"))
    .toSorted()
    .flatMap((path): Case[] => {
      const { method, path: at, headers, body } = JSON.parse(readFileSync(join(CAPTURES, path), "utf8")) as Capture
      const wire = PATHS.find(([pattern]) => pattern.test(at))?.[1]
      // A step of a chain has its beginning with the host.
      if (wire === undefined || !body || body["previous_response_id"] != null) return []
      // Over a socket the body is a message, which has a type and may ask for no answer.
      if (method === "WS") for (const name of ["type", "generate"]) delete body[name]
      const pairs = Array.isArray(headers) ? headers : Object.entries(headers)
      const model = /models\/([^/:]+)/.exec(at)?.[1] ?? String(body["model"])
      return [
        {
          name: path,
          wire,
          asked: {
            body,
            headers: Object.fromEntries(pairs.map(([name, value]) => [name.toLowerCase(), value])),
            model,
            strict: false,
          },
        },
      ]
    })
}

/** Requests of programs that answer a call which nobody made: the host that they were caught by took anything. */
const MISTAKES: Readonly<Record<string, string>> = { "sdk-anthropic/008.json": "tool-result-unpaired" }

describe.each([
  ["recorded", recorded()],
  ["captured", captured()],
] as const)("%s requests", (_kind, cases) => {
  absentWithout("")
  for (const { name, wire, asked } of cases) {
    test(name, () => {
      const mistake = MISTAKES[name]
      expect(VALIDATORS[wire]?.(asked).map(({ rule, path }) => (rule === mistake ? rule : `${rule} ${path}`))).toEqual(
        mistake === undefined ? [] : [mistake],
      )
      // Codex says more than the SDK knows.
      if (asked.vendor !== false && !name.startsWith("codex")) expect(SDK_VALIDATORS[wire]?.(asked) ?? []).toEqual([])
    })
  }
})
