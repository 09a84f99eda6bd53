import { compose } from "../compose.ts"
import { Failure } from "../failure.ts"
import { probeWith } from "../settings/local-servers.ts"
import { type Io, write, writeJson } from "../io.ts"
import { resizeImage } from "../resize-image.ts"
import { styleOf } from "../terminal/style.ts"
import { listedModels } from "./listed-models.ts"
import { createLogger } from "./log.ts"
import { openGateway } from "./open.ts"
import { untilStopped } from "./stopping.ts"

/** What `sluice gateway` was told. */
export interface GatewayCommandOptions {
  host: string
  port: number
  data?: string
  anonymous?: boolean
  alias?: Readonly<Record<string, readonly string[]>>
  defaultModel?: string
  /** Milliseconds; 0 keeps none. Absent: the gateway's default. */
  keepResponses?: number
  /** Milliseconds; 0 keeps none. Absent: the gateway's default. */
  keepThinking?: number
  logLevel: string
  json?: boolean
}

/** Runs a gateway until it is told to stop. */
export async function serve(io: Io, options: GatewayCommandOptions): Promise<void> {
  const {
    host,
    port,
    data,
    anonymous = false,
    alias: aliases = {},
    defaultModel,
    keepResponses,
    keepThinking,
    json = false,
  } = options
  const parts = compose(io)
  const logger = createLogger(io, options.logLevel, { json })
  const fallback = defaultModel === undefined ? [] : (aliases[defaultModel] ?? [defaultModel])
  for (const name of [...Object.values(aliases).flat(), ...fallback]) await requireModel(parts.sluice, name)
  const gateway = await openGateway(io, parts.sluice, {
    data,
    host,
    port,
    anonymous,
    aliases,
    ...(defaultModel === undefined ? {} : { defaultModel }),
    ...(keepResponses === undefined ? {} : { keepResponsesMs: keepResponses }),
    ...(keepThinking === undefined ? {} : { keepThinkingMs: keepThinking }),
    listModels: listedModels(parts.env, aliases, { probe: probeWith(parts) }),
    resizeImage,
    logger,
  })
  try {
    // Who may stop it is settled before anybody can learn that it runs.
    const stopped = untilStopped(io)
    const { url } = await gateway.listen()
    const hasKey = anonymous || (await gateway.keys.list()).length > 0
    const apiKey = hasKey ? undefined : (await gateway.keys.create("first start")).secret
    if (json) await writeJson(io.stdout, { url, ...(apiKey === undefined ? {} : { apiKey }) })
    else await write(io.stdout, greeting(io, url, apiKey))
    const signal = await stopped
    logger.info({ signal }, "stopping; running requests may end")
  } finally {
    await gateway.close()
    await parts.close()
  }
}

async function requireModel(sluice: { route(name: string): Promise<unknown> }, name: string): Promise<void> {
  try {
    await sluice.route(name)
  } catch (error) {
    const hint = (error as { hint?: string }).hint
    throw new Failure(`The model ${name} cannot be served: ${(error as Error).message}`, { hint, cause: error })
  }
}

function greeting(io: Io, url: string, apiKey: string | undefined): string {
  const style = styleOf(io.stdout, io.env)
  const lines = [`The gateway listens at ${style.bold(url)}`]
  if (apiKey !== undefined) {
    lines.push(`API key, shown this once: ${style.bold(apiKey)}`, "`sluice gateway key create` makes another.")
  }
  return `${lines.join("\n")}\n`
}
