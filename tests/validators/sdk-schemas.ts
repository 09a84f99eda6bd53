import { type OutputUnit, Validator } from "@cfworker/json-schema"
import type { Violation } from "@sluice/testkit/rules"
import { requestSchemas, type RequestName } from "../../scripts/request-schemas.ts"
import type { Asked } from "./asked.ts"

type Fields = Record<string, unknown>

const schemas = await requestSchemas()
const validators = new Map<RequestName, Validator>()

/** Where a request is not what the types of the vendor's own SDK say. Only for requests to the vendor itself. */
export const SDK_VALIDATORS: Readonly<Record<string, (asked: Asked) => Violation[]>> = {
  "openai-completions": ({ body }) => violations("Chat", body),
  "openai-responses": ({ body }) => violations("Responses", completed(body as Fields)),
  "anthropic-messages": ({ body, headers, api }) => {
    const { anthropic_version: _version, anthropic_beta: inBody, ...rest } = body as Fields
    const betas = headers?.["anthropic-beta"] ?? inBody
    // On other clouds the path names the model.
    const whole = api === undefined || api === "anthropic-messages" ? rest : { model: "claude", ...rest }
    return violations(headers && betas === undefined ? "Messages" : "BetaMessages", withoutSampling(whole))
  },
  "google-generative-ai": ({ body, api }) => {
    // The API takes names in either form and words in lower case; its SDK has one form.
    if (/"[a-z]+_[a-z_]+":|"thinkingLevel": ?"[a-z]/.test(JSON.stringify(body))) return []
    if (api !== "google-gemini-cli") return violations("Generate", body)
    const { sessionId: _session, ...request } = (body as { request: Fields }).request
    return violations("Generate", request)
  },
}

/** The API takes answers' items without their ids and pictures without a detail; the SDK's types want both. */
function completed(body: Fields): Fields {
  const { input } = body
  if (!Array.isArray(input)) return body
  const part = (one: Fields): Fields => (one["type"] === "input_image" ? { detail: "auto", ...one } : one)
  const items = (input as Fields[]).map((item): Fields => {
    const { type, role } = item
    const named =
      (type === "message" && role === "assistant") || type === "reasoning" || String(type).endsWith("_search_call")
    const whole: Fields = named ? { id: "msg_1", ...item } : { ...item }
    for (const name of ["content", "output"]) {
      if (Array.isArray(whole[name])) whole[name] = (whole[name] as Fields[]).map(part)
    }
    return whole
  })
  return { ...body, input: items }
}

/** The newest SDK does not know what the newest models refuse; models before them take it. */
function withoutSampling({ temperature: _t, top_p: _p, top_k: _k, ...body }: Fields): Fields {
  return body
}

function violations(name: RequestName, body: unknown): Violation[] {
  let validator = validators.get(name)
  if (!validator) validators.set(name, (validator = new Validator(schemas[name], "7", true)))
  const { valid, errors } = validator.validate(body)
  if (valid) return []
  // A union lists what each of its members says: the deepest place is where the likeliest one breaks.
  const deepest = errors.reduce((one, other) => (depth(other) > depth(one) ? other : one))
  return [{ rule: "sdk-type", path: deepest.instanceLocation, message: `${deepest.keyword}: ${deepest.error}` }]
}

function depth({ instanceLocation }: OutputUnit): number {
  return instanceLocation.split("/").length
}
