import type { AssistantMessageEvent, Endpoint, WireClient } from "@sluice/ai"
import { CatalogError, codecOf, describeModel, type Model } from "@sluice/catalog"
import { autoWires } from "@sluice/ai/auto"
import { usageError } from "../failure.ts"
import { type Io, write, writeJson } from "../io.ts"
import { API_LIST, APIS } from "../parse.ts"
import { eventLine } from "../terminal/event-line.ts"
import { decodeRecording, type RecordedExchange } from "./decode.ts"
import { openRecording } from "./recording-file.ts"
import type { RecordingForm } from "./recording-form.ts"
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
  const { form, chunks } = await openRecording(io, file, options.framing)
  const exchange: RecordedExchange = {
    wire,
    model,
    status: options.status,
    headers: options.header ?? new Headers(),
    form,
    endpoint: await endpointOf(form, options.api),
    chunks,
  }
  const show = (events: readonly AssistantMessageEvent[]): Promise<void> | undefined =>
    options.events ? write(io.stdout, events.map(eventLine).join("")) : undefined
  const message = await decodeRecording(exchange, show)
  if (options.events) return
  if (options.json) await writeJson(io.stdout, message)
  else await write(io.stdout, summary(message, io))
}

async function wireOf(api: string): Promise<WireClient> {
  const entry = APIS.includes(api) ? await autoWires[api]?.() : undefined
  if (entry && "wire" in entry) return entry.wire
  throw usageError(`There is no api "${api}".`, `Known are ${API_LIST}.`)
}

async function endpointFor(api: string): Promise<Endpoint | undefined> {
  const entry = await autoWires[api]?.()
  return entry && "endpoint" in entry ? entry.endpoint : undefined
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

/**
 * What takes frames out of what the host puts around them: the endpoint of the api, unless the recording is in another
 * framing than its own. AWS's binary framing can be read for every api whose codec some host speaks in it.
 */
async function endpointOf(form: RecordingForm, api: string): Promise<RecordedExchange["endpoint"]> {
  if (form !== "aws-eventstream") {
    const endpoint = await endpointFor(api)
    return endpoint?.framing === undefined ? endpoint : undefined
  }
  const codec = codecOf(api)
  for (const name of [api, ...APIS.filter((other) => other !== api && codecOf(other) === codec)]) {
    const endpoint = await endpointFor(name)
    if (endpoint?.framing === form) return endpoint
  }
  throw usageError(
    `No host speaks ${api} in AWS's binary framing.`,
    "Recordings as .sse, .jsonl and .json can be read.",
  )
}
