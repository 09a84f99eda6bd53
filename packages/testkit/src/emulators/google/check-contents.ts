import { isFields, type Fields } from "../check.ts"
import { listOf } from "./fields.ts"
import { invalid, violated } from "./refused.ts"
import type { Signatures } from "./signatures.ts"

const DATA = [
  "text",
  "inlineData",
  "fileData",
  "functionCall",
  "functionResponse",
  "executableCode",
  "codeExecutionResult",
] as const

/** Refuses contents that the API refuses. `model`: whose signatures are asked for. @throws GoogleRefused */
export function checkContents(contents: readonly Fields[], model: string, signatures: Signatures): void {
  if (contents.length === 0) throw violated("contents-empty", "contents", "contents is not specified")
  contents.forEach((content, n) => checkContent(content, n))
  checkOrder(contents)
  checkSignatures(contents, model, signatures)
}

/** The parts of one content. A single one may stand without a list. */
export function partsOf({ parts }: Fields): Fields[] {
  if (Array.isArray(parts)) return parts as Fields[]
  return isFields(parts) ? [parts] : []
}

function checkContent(content: Fields, n: number): void {
  const role = content["role"]
  if (role !== undefined && role !== "user" && role !== "model" && role !== "function") {
    throw invalid("role", "Please use a valid role: user, model.")
  }
  const parts = listOf(content, "parts", `contents[${n}].parts`) ?? []
  if (parts.length === 0) throw violated("parts-empty", `contents[${n}].parts`, "contents.parts must not be empty.")
  parts.forEach((part, k) => checkPart(part, `contents[${n}].parts[${k}]`))
}

function checkPart(part: Fields, path: string): void {
  const held = DATA.filter((name) => part[name] !== undefined)
  if (held.length > 1) {
    throw invalid(
      "part-data-twice",
      `Invalid value at '${path}' (oneof), oneof field 'data' is already set. Cannot set '${held[1]}'`,
    )
  }
  // A signature may come with an empty text, and a text alone must say something.
  const bare = held.length === 0 || (part["text"] === "" && part["thoughtSignature"] === undefined)
  if (bare) throw violated("part-data", `${path}.data`, "required oneof field 'data' must have one initialized field")
  const { text, inlineData, functionCall, functionResponse } = part
  if (text !== undefined && typeof text !== "string")
    throw invalid("text-string", `Invalid value at '${path}.text' (TYPE_STRING)`)
  if (isFields(inlineData)) {
    if (typeof inlineData["mimeType"] !== "string")
      throw violated("media-type", `${path}.inline_data.mime_type`, "must be specified")
    if (typeof inlineData["data"] !== "string" || !isBase64(inlineData["data"])) {
      throw invalid("base64", `Invalid value at '${path}.inline_data.data' (TYPE_BYTES), Base64 decoding failed`)
    }
  }
  for (const [field, value] of [
    ["function_call", functionCall],
    ["function_response", functionResponse],
  ] as const) {
    if (isFields(value) && (typeof value["name"] !== "string" || value["name"] === "")) {
      throw violated("function-name", `${path}.${field}.name`, `Name cannot be empty.`)
    }
  }
  if (isFields(functionCall) && functionCall["args"] !== undefined && !isFields(functionCall["args"])) {
    throw invalid(
      "call-arguments",
      `Invalid value at '${path}.function_call.args' (type.googleapis.com/google.protobuf.Struct)`,
    )
  }
  if (isFields(functionResponse) && !isFields(functionResponse["response"])) {
    throw invalid(
      "response-object",
      `Invalid value at '${path}.function_response.response' (type.googleapis.com/google.protobuf.Struct)`,
    )
  }
}

/** Calls follow a user's turn or results, results follow calls at once, and there are as many of them. */
function checkOrder(contents: readonly Fields[]): void {
  const has = (content: Fields | undefined, field: string): number =>
    content ? partsOf(content).filter((part) => part[field] !== undefined).length : 0
  contents.forEach((content, n) => {
    const before = contents[n - 1]
    const results = has(content, "functionResponse")
    if (results > 0) {
      const calls = has(before, "functionCall")
      if (calls === 0) {
        throw invalid(
          "response-order",
          "Please ensure that function response turn comes immediately after a function call turn.",
        )
      }
      if (calls !== results) {
        throw invalid(
          "response-count",
          "Please ensure that the number of function response parts is equal to the number of function call parts of the function call turn.",
        )
      }
    }
    if (has(content, "functionCall") === 0) return
    const first = before === undefined || before["role"] === "model"
    if (content["role"] !== "model" || first) {
      throw invalid(
        "call-turn-order",
        "Please ensure that function call turn comes immediately after a user turn or after a function response turn.",
      )
    }
    if (n < contents.length - 1 && has(contents[n + 1], "functionResponse") === 0) {
      throw invalid(
        "response-count",
        "Please ensure that the number of function response parts is equal to the number of function call parts of the function call turn.",
      )
    }
  })
}

/** In the turn that is under way, the first call of each step has to bring its signature; none may be made up. */
function checkSignatures(contents: readonly Fields[], model: string, signatures: Signatures): void {
  const turn = contents.findLastIndex(
    (content) => content["role"] !== "model" && partsOf(content).some((part) => part["functionResponse"] === undefined),
  )
  contents.forEach((content, n) => {
    let asked = signatures.required(model) && n > turn
    partsOf(content).forEach((part, k) => {
      const path = `contents[${n}].parts[${k}]`
      const signature = part["thoughtSignature"]
      if (signature !== undefined) {
        if (typeof signature !== "string" || !(isBase64(signature) || signatures.isPlaceholder(signature))) {
          throw invalid(
            "signature-base64",
            `Invalid value at '${path}.thought_signature' (TYPE_BYTES), Base64 decoding failed`,
          )
        }
        if (!signatures.accepts(signature, model)) throw invalid("signature", "Thought signature is not valid.")
      }
      // Models that make pictures go on from what they signed them with; others only read them.
      const data = content["role"] === "model" ? part["inlineData"] : undefined
      const made = isFields(data) && String(data["mimeType"]).startsWith("image/") && /\bimage\b/.test(model)
      if (made && signatures.required(model) && signature === undefined) {
        throw invalid("image-signature", `Image part is missing a thought_signature, position ${n + 1}.`)
      }
      const call = part["functionCall"]
      if (!isFields(call)) return
      if (asked && signature === undefined) {
        throw invalid(
          "call-signature",
          `Function call is missing a thought_signature in functionCall parts. Additional data, function call \`default_api:${String(call["name"])}\` , position ${n + 1}.`,
        )
      }
      asked = false
    })
  })
}

function isBase64(text: string): boolean {
  return /^[A-Za-z0-9+/_-]*={0,2}$/.test(text) && text.replace(/=+$/, "").length % 4 !== 1
}
