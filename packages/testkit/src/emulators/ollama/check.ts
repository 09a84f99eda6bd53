import { isFields, passed, Refused, type Checked, type Fields } from "../check.ts"
import type { EmulatedOllamaModel, OllamaEmulatorOptions } from "./types.ts"

const ROLES = ["system", "user", "assistant", "tool"]
const LEVELS: ReadonlySet<string> = new Set(["high", "medium", "low", "max"])
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/

/** A refusal with the status 400. */
export function bad(rule: string, message: string): Refused {
  return new Refused(400, "", message, { rule })
}

/** What the vendor's server finds out only when it has begun, and tells as a fault of its own. */
function unusable(rule: string, message: string): Refused {
  return new Refused(500, "", message, { rule })
}

/** The request of a conversation or of a prompt. @throws Refused for what the vendor's server cannot read or do */
export function checkRequest(...about: Parameters<typeof requestChecks>): Fields {
  return passed(requestChecks(...about))
}

/** What such a request is checked for. @throws Refused for what cannot be checked further */
export function requestChecks(json: unknown, single: boolean, options: OllamaEmulatorOptions): Checked {
  if (!isFields(json)) throw bad("body-object", "invalid character in request body")
  const { model } = json
  if (typeof model !== "string" || model === "") throw bad("model", "model is required")
  const conversation = [
    () => list(json["messages"], "messages", "[]api.Message").forEach(checkMessage),
    () => list(json["tools"], "tools", "api.Tools").forEach(checkTool),
  ]
  return {
    body: json,
    checks: [
      () => checkHead(json, options),
      ...(single ? [() => checkPrompt(json)] : conversation),
      () => {
        const known = modelNamed(model, options)
        if (known) checkAbilities(json, model, known)
      },
    ],
  }
}

/** The model of a name. @throws Refused for one that does not exist */
export function modelNamed(name: string, { models }: OllamaEmulatorOptions): EmulatedOllamaModel | undefined {
  if (!models) return undefined
  const found = models.find((model) => model.name === name || model.name === `${name}:latest`)
  if (!found) throw new Refused(404, "", `model '${name}' not found`, { rule: "model" })
  return found
}

function checkHead(body: Fields, { thinkLevels = true, thinkMax = true }: OllamaEmulatorOptions): void {
  const { stream, think, format, options } = body
  if (stream !== undefined && stream !== null && typeof stream !== "boolean") throw unreadable("stream", stream, "bool")
  if (think !== undefined && think !== null && typeof think !== "boolean") {
    // What is no level at all is found out first, when the request is read.
    if (!LEVELS.has(String(think)) || (think === "max" && !thinkMax)) {
      throw bad(
        "think",
        `invalid think value: ${JSON.stringify(think)} (must be "high", "medium", "low", true, or false)`,
      )
    }
    if (!thinkLevels) throw bad("think", `think value ${JSON.stringify(think)} is not supported for this model`)
  }
  const shaped = format === undefined || format === null || format === "" || format === "json" || isFields(format)
  if (!shaped) {
    const told = JSON.stringify(JSON.stringify(format))
    throw unusable("format", `invalid format: ${told}; expected "json" or a valid JSON Schema object`)
  }
  if (options !== undefined && options !== null && !isFields(options)) {
    throw unreadable("options", options, "map[string]interface {}")
  }
  for (const name of ["num_predict", "num_ctx", "seed", "top_k"]) {
    const value = isFields(options) ? options[name] : undefined
    if (value !== undefined && !Number.isInteger(value))
      throw unusable("option-integer", `option "${name}" must be of type integer`)
  }
}

function checkPrompt({ prompt, system, images }: Fields): void {
  for (const [name, value] of Object.entries({ prompt, system })) {
    if (value !== undefined && typeof value !== "string") throw unreadable(name, value, "string")
  }
  list(images, "images", "[]api.ImageData").forEach(checkImage)
}

function checkMessage(value: unknown): void {
  if (!isFields(value)) throw unreadable("messages", value, "api.Message")
  const { role, content, thinking, images, tool_calls: calls } = value
  if (!ROLES.includes(String(role)))
    throw bad("role", `invalid role: ${JSON.stringify(role)}, must be one of [${ROLES.join(" ")}]`)
  for (const [name, text] of Object.entries({ content, thinking })) {
    if (text !== undefined && typeof text !== "string") throw unreadable(`messages.${name}`, text, "string")
  }
  list(images, "messages.images", "[]api.ImageData").forEach(checkImage)
  for (const call of list(calls, "messages.tool_calls", "[]api.ToolCall")) {
    const fn = isFields(call) ? call["function"] : undefined
    if (!isFields(fn)) throw unreadable("messages.tool_calls.function", fn, "api.ToolCallFunction")
    if (!isFields(fn["arguments"])) {
      throw unreadable("messages.tool_calls.function.arguments", fn["arguments"], "api.ToolCallFunctionArguments")
    }
  }
}

function checkImage(image: unknown, index: number): void {
  if (typeof image !== "string" || !BASE64.test(image))
    throw bad("image-base64", `illegal base64 data in image ${index}`)
}

function checkTool(tool: unknown): void {
  const fn = isFields(tool) ? tool["function"] : undefined
  if (!isFields(fn)) throw unreadable("tools.function", fn, "api.ToolFunction")
  const parameters = fn["parameters"]
  if (!isFields(parameters)) throw unreadable("tools.function.parameters", parameters, "api.ToolFunctionParameters")
  const properties = isFields(parameters["properties"]) ? parameters["properties"] : {}
  for (const property of Object.values(properties)) {
    if (!isFields(property)) throw unreadable("tools.function.parameters.properties", property, "api.ToolProperty")
  }
  if (Array.isArray(parameters["type"])) {
    throw unreadable("tools.function.parameters.type", parameters["type"], "string")
  }
}

function checkAbilities(
  body: Fields,
  name: string,
  { capabilities = ["completion", "tools"] }: EmulatedOllamaModel,
): void {
  const has = (value: unknown): boolean => Array.isArray(value) && value.length > 0
  if (!capabilities.includes("completion")) throw bad("ability", `"${name}" does not support chat`)
  if (has(body["tools"]) && !capabilities.includes("tools"))
    throw bad("ability", `registry.ollama.ai/library/${name} does not support tools`)
  if (body["think"] && !capabilities.includes("thinking")) throw bad("ability", `"${name}" does not support thinking`)
}

function list(value: unknown, path: string, type: string): readonly unknown[] {
  if (value === undefined || value === null) return []
  if (!Array.isArray(value)) throw unreadable(path, value, type)
  return value
}

function unreadable(path: string, value: unknown, type: string): Refused {
  const kind = Array.isArray(value) ? "array" : value === null ? "null" : typeof value
  const word = kind === "boolean" ? "bool" : kind
  return bad("wrong-type", `json: cannot unmarshal ${word} into Go struct field ChatRequest.${path} of type ${type}`)
}
