import type { CodeAssistCompat } from "@sluice/catalog/core"
import type { HeaderMap } from "../../contract/frame.ts"
import type { Call } from "../../contract/wire-client.ts"
import { hash } from "../../model/hash.ts"
import { isObject } from "../../model/json.ts"
import { SluiceError } from "../../model/errors.ts"
import type { Loss } from "../../model/message.ts"
import type { Json } from "../../model/tool.ts"
import type { CodeAssistSettings } from "./settings.ts"

type Body = { [field: string]: Json | undefined }

/** The request of the wire within what the service wants around it. `headers` get what belongs to the request. */
export function envelope(
  request: Body,
  headers: HeaderMap,
  call: Call,
  settings: Pick<CodeAssistSettings, "project" | "program">,
): Json {
  const compat = call.model.compat.codeAssist ?? {}
  const project = call.auth.projectId ?? settings.project
  if (project === undefined) throw projectMissing(call)
  const agent: Body = compat.agentRequests
    ? { requestType: "agent", userAgent: settings.program, requestId: call.mint.id("agent-") }
    : {}
  const shaped = shape(request, call, compat)
  if (isObject(shaped["generationConfig"]) && thinks(shaped["generationConfig"])) {
    for (const [name, value] of Object.entries(compat.thinkingHeaders ?? {})) headers[name.toLowerCase()] = value
  }
  return { project, model: modelIdOf(call, compat, shaped), ...agent, request: shaped }
}

/** What the service does otherwise than the wire's request would have it. */
export function envelopeLosses(request: Body, call: Call): Loss[] {
  const compat = call.model.compat.codeAssist ?? {}
  const losses: Loss[] = []
  const { maxTokens } = call.options
  const cap = generationOf(request["generationConfig"], call, compat)?.["maxOutputTokens"]
  if (maxTokens !== undefined && typeof cap === "number" && cap !== maxTokens) {
    const reason = cap < maxTokens ? `The service gives at most ${cap} tokens.` : "Raised by what is thought."
    losses.push({ field: "options.maxTokens", kind: "approximated", reason })
  }
  const { mode } = callingOf(request)
  if (mode === "ANY" && hasFunctions(request) && replacedBy(compat, mode) !== undefined) {
    const reason = "The service does not follow a forced tool; it is asked for in words."
    losses.push({ field: "options.toolChoice", kind: "approximated", reason })
  }
  return losses
}

/** The model's id on the wire, which the level of thinking that the wire asks for may be a part of. */
function modelIdOf({ model, options }: Call, { effortIds }: CodeAssistCompat, request: Body): string {
  const generation = request["generationConfig"]
  const thinking = isObject(generation) ? generation["thinkingConfig"] : undefined
  const level = isObject(thinking) ? thinking["thinkingLevel"] : undefined
  const effort = typeof level === "string" ? level.toLowerCase() : options.reasoning
  const byEffort = effort === undefined ? undefined : effortIds?.[effort as keyof typeof effortIds]
  return byEffort ?? effortIds?.default ?? model.requestModelId ?? model.id
}

function shape(request: Body, call: Call, compat: CodeAssistCompat): Body {
  const { systemInstruction: system, sessionId: _session, ...rest } = request
  const shaped: Body = { ...rest }
  if (isObject(system)) {
    shaped["systemInstruction"] = compat.systemRole === undefined ? system : { role: compat.systemRole, ...system }
  }
  const generation = generationOf(request["generationConfig"], call, compat)
  if (generation) shaped["generationConfig"] = generation
  const { sessionId } = call.options
  if (sessionId !== undefined) shaped["sessionId"] = compat.agentRequests ? sessionNumber(sessionId) : sessionId
  return compat.toolMode || compat.forcedInWords ? withToolMode(shaped, compat) : shaped
}

function generationOf(given: Json | undefined, { options, model }: Call, compat: CodeAssistCompat): Body | undefined {
  const config: Body = { ...(isObject(given) ? given : {}) }
  const { maxOutputTokens: cap } = compat
  const asked = config["maxOutputTokens"]
  if (cap !== undefined) {
    const least = compat.thinksWithinCap ? thinkingBudgetOf(config) : 0
    // What is thought counts: the caller's cap is for what comes behind it.
    config["maxOutputTokens"] = typeof asked === "number" ? Math.min(asked + (asked <= least ? least : 0), cap) : cap
  }
  // What is left out is not "off" here: the service then thinks as it does by default.
  if (options.reasoning === "off" && model.thinking === undefined && config["thinkingConfig"] === undefined) {
    config["thinkingConfig"] = { includeThoughts: false, thinkingBudget: 0 }
  }
  return Object.keys(config).length > 0 ? config : undefined
}

/** How tools may be called, as the service follows it. */
function withToolMode(request: Body, compat: CodeAssistCompat): Body {
  if (!hasFunctions(request)) return request
  const config = isObject(request["toolConfig"]) ? request["toolConfig"] : {}
  const calling = callingOf(request)
  const { mode } = calling
  const shaped = { ...request }
  const replaced = replacedBy(compat, mode)
  if (replaced !== undefined) {
    shaped["toolConfig"] = { ...config, functionCallingConfig: { ...calling, mode: replaced } }
  }
  if (mode !== "ANY" || !(compat.forcedInWords || replaced !== undefined)) return shaped
  const names = Array.isArray(calling["allowedFunctionNames"]) ? calling["allowedFunctionNames"].map(String) : []
  const what = names.length === 0 ? "one of the tools" : `the tool ${names.join(" or ")}`
  const words = { role: "user", parts: [{ text: `Answer by calling ${what}.` }] }
  shaped["contents"] = withWords(Array.isArray(shaped["contents"]) ? shaped["contents"] : [], words)
  return shaped
}

function hasFunctions({ tools }: Body): boolean {
  return Array.isArray(tools) && tools.some((tool) => isObject(tool) && tool["functionDeclarations"] !== undefined)
}

function callingOf({ toolConfig }: Body): Body {
  const calling = isObject(toolConfig) ? toolConfig["functionCallingConfig"] : undefined
  return isObject(calling) ? calling : {}
}

/** The mode in the place of the wire's; `undefined` leaves that. */
function replacedBy({ toolMode }: CodeAssistCompat, mode: Json | undefined): string | undefined {
  if (!toolMode) return undefined
  return mode === undefined || (toolMode.when === "always" && mode !== "NONE") ? toolMode.mode : undefined
}

/** Words of the user at the end: within the user's last turn, which results of tools keep for themselves. */
function withWords(contents: readonly Json[], words: { role: string; parts: Json[] }): Json[] {
  const last = contents.at(-1)
  const parts = isObject(last) && last["role"] === "user" && Array.isArray(last["parts"]) ? last["parts"] : undefined
  if (!parts) return [...contents, words]
  return [...contents.slice(0, -1), { ...(last as Body), parts: [...parts, ...words.parts] }]
}

function thinkingBudgetOf(config: Body): number {
  const thinking = config["thinkingConfig"]
  const budget = isObject(thinking) ? thinking["thinkingBudget"] : undefined
  return typeof budget === "number" ? budget : 0
}

function thinks(config: Body): boolean {
  const thinking = config["thinkingConfig"]
  return isObject(thinking) && thinking["includeThoughts"] === true
}

/** A session as the service numbers them: a negative integer of 63 bits, the same for the same name. */
function sessionNumber(name: string): string {
  return `-${BigInt(`0x${hash(name)}`) & 0x7fff_ffff_ffff_ffffn}`
}

function projectMissing({ model }: Call): SluiceError {
  return new SluiceError({
    code: "config",
    message: "It is not known which project of Google's cloud the call belongs to.",
    provider: model.provider,
    model: model.id,
    hint: "Set GOOGLE_CLOUD_PROJECT, or use a source of credentials that finds the account's project.",
  })
}
