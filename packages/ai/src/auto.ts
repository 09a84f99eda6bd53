import { type EnvironmentReader, findProvider, type Model, resolveModel } from "@sluice/catalog"
import type { MessageStream } from "./assemble/message-stream.ts"
import type { Credential, CredentialSource, Lease } from "./contract/credential.ts"
import type { Route } from "./contract/route.ts"
import { azureEndpoint } from "./endpoints/azure.ts"
import { anthropicEndpoint, openaiEndpoint } from "./endpoints/plain.ts"
import { authMissing, parseKeys } from "./keys.ts"
import { SluiceError } from "./model/errors.ts"
import type { AssistantMessage, Context } from "./model/message.ts"
import { environment, systemMint } from "./platform.ts"
import {
  createSluice as assemble,
  keySource,
  type Sluice,
  type SluiceCallOptions,
  type SluiceConfig,
  type WireEntry,
} from "./sluice.ts"

export type { Sluice, SluiceCallOptions, SluiceConfig } from "./sluice.ts"

/** Every wire there is, each loaded when it is first needed. */
export const autoWires: SluiceConfig["wires"] = {
  "openai-completions": async () => {
    const { openaiCompletions } = await import("./wires/openai-completions/client.ts")
    return { wire: openaiCompletions, endpoint: openaiEndpoint }
  },
  "openai-responses": async () => {
    const { openaiResponses } = await import("./wires/openai-responses/client.ts")
    return { wire: openaiResponses, endpoint: openaiEndpoint }
  },
  "anthropic-messages": async () => {
    const { anthropicMessages } = await import("./wires/anthropic-messages/client.ts")
    return { wire: anthropicMessages, endpoint: anthropicEndpoint }
  },
  "azure-openai-responses": async () => {
    const { openaiResponses } = await import("./wires/openai-responses/client.ts")
    return { wire: openaiResponses, endpoint: azureEndpoint }
  },
  "azure-openai-completions": async () => {
    const { openaiCompletions } = await import("./wires/openai-completions/client.ts")
    return { wire: openaiCompletions, endpoint: azureEndpoint }
  },
  "openai-codex-responses": () => codexEntry(environment),
  "bedrock-converse-stream": () => bedrockEntry(environment),
  "bedrock-anthropic-messages": () => bedrockMessagesEntry(environment),
  mock: async () => {
    const mock = await import("./mock/index.ts")
    return { route: (model) => demoRoute(model, mock) }
  },
}

/** What `createSluice` takes; everything has a default. */
export interface AutoConfig extends Partial<SluiceConfig> {
  /** Read for keys and addresses of hosts. Default: the process's environment, where there is one. */
  env?: EnvironmentReader
}

/**
 * All wires and all known providers behind one interface: models are given by name, keys come from the environment.
 *
 * @example
 * const sluice = createSluice()
 * const message = await sluice.complete("openai/gpt-5.5", { messages: [{ role: "user", content: "Hello" }] })
 */
export function createSluice(config: AutoConfig = {}): Sluice {
  const { env = environment, wires, ...rest } = config
  return assemble({
    resolve: (name) => resolveModel(name, { env }),
    credentials: environmentKeys(env),
    ...rest,
    wires: {
      ...autoWires,
      "openai-codex-responses": () => codexEntry(env),
      "bedrock-converse-stream": () => bedrockEntry(env),
      "bedrock-anthropic-messages": () => bedrockMessagesEntry(env),
      ...wires,
    },
  })
}

let shared: Sluice | undefined

/** Asks a model by its name and gives the answer as it is made. Never throws. */
export function stream(model: string | Model, context: Context, options?: SluiceCallOptions): MessageStream {
  shared ??= createSluice()
  return shared.stream(model, context, options)
}

/** Asks a model by its name and gives the whole answer. Never throws. */
export function complete(
  model: string | Model,
  context: Context,
  options?: SluiceCallOptions,
): Promise<AssistantMessage> {
  return stream(model, context, options).result()
}

/**
 * Keys from the environment variables that the catalog names for a provider: the first variable that is set counts,
 * and the first key in it where commas separate several. `environmentSource` of `@sluice/auth` turns to the others
 * when one fails. Where AWS's credentials are the login, those of the environment itself count as well; `awsSource`
 * of `@sluice/auth` finds the others.
 *
 * @throws SluiceError on `acquire`: `auth_missing` where no variable is set, `config` where one holds no key
 */
export function environmentKeys(env: EnvironmentReader = environment): CredentialSource {
  return {
    async acquire({ provider }) {
      const known = findProvider(provider)
      for (const origin of known?.keyEnv ?? []) {
        const [secret] = parseKeys(env(origin) ?? "", origin)
        if (secret !== undefined) return await keySource(secret, origin).acquire({ provider })
      }
      const keys = known?.login === "aws" ? awsKeys(env) : undefined
      if (keys) return lent(keys)
      throw authMissing(provider, known)
    },
  }
}

/** AWS's own variables, where both are set. */
function awsKeys(env: EnvironmentReader): Credential | undefined {
  const [accessKeyId, secretAccessKey, sessionToken] = AWS_VARIABLES.map((name) => env(name)?.trim())
  if (!accessKeyId || !secretAccessKey) return undefined
  const keys = { accessKeyId, secretAccessKey, ...(sessionToken ? { sessionToken } : {}) }
  return { kind: "aws", id: accessKeyId, origin: AWS_VARIABLES[0], ...keys }
}

const AWS_VARIABLES = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"] as const

function lent(credential: Credential): Lease {
  return { credential, observe: () => {}, replace: () => Promise.resolve(undefined), release: () => {} }
}

/** Codex, as the environment sets it (`SLUICE_CODEX_*`). */
async function codexEntry(env: EnvironmentReader): ReturnType<WireEntry> {
  const [{ openaiResponses }, { codexEndpoint, codexSettings, wantsDebug }] = await Promise.all([
    import("./wires/openai-responses/client.ts"),
    import("./endpoints/codex/index.ts"),
  ])
  // A record of each request, one JSON document a line, where it is asked for.
  const debug = wantsDebug(env) ? (record: unknown): void => console.error(JSON.stringify(record)) : undefined
  return { wire: openaiResponses, endpoint: codexEndpoint({ ...codexSettings(env), debug }) }
}

/** Bedrock's own API, in the region that the environment names. */
async function bedrockEntry(env: EnvironmentReader): ReturnType<WireEntry> {
  const [{ bedrockConverseStream }, { bedrockEndpoint, bedrockSettings }] = await Promise.all([
    import("./wires/bedrock-converse-stream/client.ts"),
    import("./endpoints/bedrock/index.ts"),
  ])
  return { wire: bedrockConverseStream, endpoint: bedrockEndpoint(bedrockSettings(env)) }
}

/** Anthropic's Messages on Bedrock. */
async function bedrockMessagesEntry(env: EnvironmentReader): ReturnType<WireEntry> {
  const [{ anthropicMessages }, { bedrockInvokeEndpoint }, { bedrockSettings }] = await Promise.all([
    import("./wires/anthropic-messages/client.ts"),
    import("./endpoints/bedrock-invoke.ts"),
    import("./endpoints/bedrock/index.ts"),
  ])
  return { wire: anthropicMessages, endpoint: bedrockInvokeEndpoint(bedrockSettings(env)) }
}

/** A way to the model that is built in. Each call has its own script, whose ids are unique across calls all the same. */
function demoRoute(model: Model, { createMock, demoScript }: typeof import("./mock/index.ts")): Route {
  if (model.id !== "demo") {
    throw new SluiceError({
      code: "model_not_found",
      message: `There is no scripted model "${model.id}".`,
      provider: model.provider,
      model: model.id,
      hint: "The one that is built in is mock/demo.",
    })
  }
  const script = demoScript()
  if (typeof script !== "function") return createMock({ script, model }).route
  return createMock({
    model,
    script: async (call) => {
      const answer = await script(call)
      if (typeof answer === "string" || !answer.toolCalls) return answer
      return { ...answer, toolCalls: answer.toolCalls.map((one) => ({ id: systemMint.id("call_"), ...one })) }
    },
  }).route
}
