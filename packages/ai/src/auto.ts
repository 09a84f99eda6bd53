import { type EnvironmentReader, findProvider, type Model, resolveModel } from "@sluice/catalog"
import type { MessageStream } from "./assemble/message-stream.ts"
import type { Credential, CredentialSource } from "./contract/credential.ts"
import type { Route } from "./contract/route.ts"
import { anthropicEndpoint, openaiEndpoint } from "./endpoints/plain.ts"
import { SluiceError } from "./model/errors.ts"
import type { AssistantMessage, Context } from "./model/message.ts"
import { environment, systemMint } from "./platform.ts"
import { createSluice as assemble, type Sluice, type SluiceCallOptions, type SluiceConfig } from "./sluice.ts"

export type { Sluice, SluiceCallOptions, SluiceConfig } from "./sluice.ts"

/** Every wire there is, each loaded when it is first needed. */
export const autoWires: SluiceConfig["wires"] = {
  "openai-completions": async () => {
    const { openaiCompletions } = await import("./wires/openai-completions/client.ts")
    return { wire: openaiCompletions, endpoint: openaiEndpoint }
  },
  "anthropic-messages": async () => {
    const { anthropicMessages } = await import("./wires/anthropic-messages/client.ts")
    return { wire: anthropicMessages, endpoint: anthropicEndpoint }
  },
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
    wires: { ...autoWires, ...wires },
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

/** Keys from environment variables: the first one of a provider that is set counts. @throws SluiceError `auth_missing` */
export function environmentKeys(env: EnvironmentReader = environment): CredentialSource {
  return {
    async acquire(need) {
      const credential = credentialFor(need.provider, env)
      return { credential, observe: () => {}, replace: async () => undefined, release: () => {} }
    },
  }
}

function credentialFor(id: string, env: EnvironmentReader): Credential {
  const provider = findProvider(id)
  for (const name of provider?.keyEnv ?? []) {
    const secret = env(name)?.trim()
    if (secret) return { kind: "key", id: name, secret, origin: name }
  }
  throw new SluiceError({
    code: "auth_missing",
    message: `There is no key for ${provider?.name ?? id}.`,
    provider: id,
    hint: provider?.keyEnv.length
      ? `Set ${provider.keyEnv.join(" or ")}${provider.keyPage === undefined ? "" : `; a key is made at ${provider.keyPage}`}.`
      : "Pass a key with the call.",
  })
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
