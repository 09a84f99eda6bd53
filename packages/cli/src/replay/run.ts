import { readFile } from "node:fs/promises"
import { resolve } from "node:path"
import { type AssistantMessageEvent, readRecording, type WireClient } from "@sluice/ai"
import { CatalogError, describeModel, type Model } from "@sluice/catalog"
import { autoWires } from "@sluice/ai/auto"
import { bedrockInvokeReading } from "@sluice/ai/endpoints/bedrock-invoke"
import { Failure, usageError } from "../failure.ts"
import { type Io, readAll, write, writeJson } from "../io.ts"
import { APIS } from "../parse.ts"
import { eventLine } from "../terminal/event-line.ts"
import { formOf, type RecordingForm } from "./recording-form.ts"
import { summary } from "./summary.ts"

/** What `sluice replay` was told. */
export interface ReplayOptions {
  api: string
  status: number
  header?: Headers
  provider?: string
  model?: string
  framing?: RecordingForm
  events?: boolean
  json?: boolean
}

/** Decodes a recorded exchange and prints what came of it. An exchange that ends in an error is decoded too. */
export async function replay(io: Io, file: string, options: ReplayOptions): Promise<void> {
  const wire = await wireOf(options.api)
  const model = modelOf(options)
  const bytes = await contentOf(io, file)
  const form = options.framing ?? formOf(file, bytes)
  const endpoint = endpointOf(form, options.api)
  const events: AssistantMessageEvent[] = []
  const message = readRecording(
    wire,
    model,
    {
      status: options.status,
      headers: options.header ?? new Headers(),
      stream: form !== "json",
      chunks: [bytes],
      ...(form === "json" ? {} : { framing: form }),
    },
    // Events hold the message in the making, so they are written down as they come.
    {
      ...(endpoint ? { endpoint } : {}),
      ...(options.events ? { onEvents: (batch) => void events.push(...batch) } : {}),
    },
  )
  if (options.events) await write(io.stdout, events.map(eventLine).join(""))
  else if (options.json) await writeJson(io.stdout, message)
  else await write(io.stdout, summary(message, io))
}

async function wireOf(api: string): Promise<WireClient> {
  const entry = APIS.includes(api) ? await autoWires[api]?.() : undefined
  if (entry && "wire" in entry) return entry.wire
  throw usageError(`There is no api "${api}".`, `Known are ${APIS.join(" and ")}.`)
}

function modelOf({ provider, model = "", api }: ReplayOptions): Model {
  if (provider !== undefined) {
    try {
      return describeModel(provider, model, undefined, { api })
    } catch (error) {
      throw error instanceof CatalogError ? usageError(error.message, error.hint) : error
    }
  }
  return { id: model, provider: "", api, baseUrl: "", input: ["text"], output: ["text"], compat: {} }
}

async function contentOf(io: Io, file: string): Promise<Uint8Array> {
  if (file === "-") return readAll(io.stdin)
  try {
    return await readFile(resolve(io.cwd, file))
  } catch (error) {
    throw unreadable(file, error)
  }
}

function unreadable(file: string, cause: unknown): Failure {
  const code = (cause as NodeJS.ErrnoException).code
  const why =
    code === "ENOENT" ? "there is no such file" : code === "EISDIR" ? "it is a folder" : (code ?? String(cause))
  return new Failure(`${file} cannot be read: ${why}.`, { cause })
}

/** What reads AWS's binary framing, in which Bedrock wraps the streams of other wires. */
function endpointOf(form: RecordingForm, api: string): typeof bedrockInvokeReading | undefined {
  if (form !== "aws-eventstream") return undefined
  if (api === "anthropic-messages") return bedrockInvokeReading
  throw usageError(
    `No host speaks ${api} in AWS's binary framing.`,
    "Recordings as .sse, .jsonl and .json can be read.",
  )
}
