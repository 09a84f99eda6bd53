import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { type AssistantMessage, fetchTransport, keySource, openaiEndpoint, type Route, stream } from "@sluice/ai"
import { describeModel, resolveModel } from "@sluice/catalog"
import { showAnswer, showUsage } from "../chat/answer.ts"
import { compose } from "../compose.ts"
import { EXIT, reportCallError } from "../failure.ts"
import { openGateway } from "../gateway/open.ts"
import { listedModels } from "../gateway/listed-models.ts"
import { untilStopped } from "../gateway/stopping.ts"
import { type Io, write, writeJson } from "../io.ts"
import { DEMO } from "../settings/choose-model.ts"
import { probeWith } from "../settings/local-servers.ts"
import { styleOf } from "../terminal/style.ts"
import { pasteLines } from "./paste-lines.ts"

/** What `sluice start` was told. */
export interface StartOptions {
  once?: boolean
  json?: boolean
}

const QUESTION = "What are you?"

/** Shows that it works: a gateway with the demo model, one answer through it over HTTP, and lines to paste. */
export async function start(io: Io, options: StartOptions): Promise<number> {
  const data = mkdtempSync(join(tmpdir(), "sluice-start-"))
  const clean = (): void => rmSync(data, { recursive: true, force: true })
  // Also when the process is ended by a second signal.
  process.once("exit", clean)
  const parts = compose(io)
  try {
    const gateway = await openGateway(io, parts.sluice, {
      data,
      port: 0,
      defaultModel: DEMO,
      listModels: listedModels(parts.env, {}, { probe: probeWith(parts) }),
    })
    try {
      const stopped = untilStopped(io)
      const { url } = await gateway.listen()
      const { secret } = await gateway.keys.create("this start")
      const message = await demonstrate(io, url, secret, options)
      if (options.once) return message.error ? EXIT.failed : EXIT.done
      if (!options.json) await write(io.stdout, `${pasteLines(url, secret)}\nThe gateway stays up until Ctrl-C.\n`)
      await stopped
      return EXIT.done
    } finally {
      await gateway.close()
      await parts.close()
    }
  } finally {
    clean()
    process.off("exit", clean)
  }
}

async function demonstrate(io: Io, url: string, apiKey: string, options: StartOptions): Promise<AssistantMessage> {
  const route = await routeThrough(url, apiKey)
  const context = { messages: [{ role: "user" as const, content: QUESTION }] }
  if (options.json) {
    const answer = await stream(route, context).result()
    await writeJson(io.stdout, { url, apiKey, model: DEMO, answer })
    return answer
  }
  const style = styleOf(io.stdout, io.env)
  const head = [
    `The gateway listens at ${style.bold(url)}`,
    `API key of this start, shown this once: ${style.bold(apiKey)}`,
    "",
    style.dim(`POST ${url}/v1/chat/completions · ${DEMO} · “${QUESTION}”`),
  ]
  await write(io.stdout, `${head.join("\n")}\n`)
  const answer = await showAnswer(io, route, context, {})
  if (answer.error) reportCallError(io, answer.error)
  showUsage(io, answer)
  return answer
}

/** The demo model as the gateway serves it: over HTTP, with the key, in OpenAI's API. */
async function routeThrough(url: string, apiKey: string): Promise<Route> {
  const { openaiCompletions } = await import("@sluice/ai/wires/openai-completions")
  const { prices } = await resolveModel(DEMO)
  const data = prices ? { prices } : {}
  return {
    model: describeModel("custom", DEMO, data, { baseUrl: `${url}/v1`, api: "openai-completions" }),
    wire: openaiCompletions,
    endpoint: openaiEndpoint,
    credentials: keySource(apiKey),
    transport: fetchTransport(),
  }
}
