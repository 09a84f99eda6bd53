import { isFields, type Fields } from "../check.ts"
import { GoogleRefused, invalid } from "./refused.ts"

/** Fields of each message of a request. A name of another message says what stands in the field. */
type Shape = Readonly<Record<string, string | null>>

const PLAIN = null

/** The OpenAPI subset that `parameters` and `responseSchema` are written in. */
const SCHEMA_WORDS = [
  "type",
  "format",
  "title",
  "description",
  "nullable",
  "enum",
  "maxItems",
  "minItems",
  "required",
  "minProperties",
  "maxProperties",
  "minLength",
  "maxLength",
  "pattern",
  "example",
  "propertyOrdering",
  "default",
  "minimum",
  "maximum",
]

function plain(...names: string[]): Shape {
  return Object.fromEntries(names.map((name) => [name, PLAIN]))
}

/** The messages of a request, by their names. Source: the public reference of the API. */
const MESSAGES: Readonly<Record<string, Shape>> = {
  request: {
    ...plain("model", "cachedContent", "serviceTier", "store"),
    contents: "content",
    systemInstruction: "content",
    tools: "tool",
    toolConfig: "toolConfig",
    safetySettings: "safetySetting",
    generationConfig: "generationConfig",
  },
  vertexRequest: {
    ...plain("model", "cachedContent", "labels", "modelArmorConfig"),
    contents: "content",
    systemInstruction: "content",
    tools: "tool",
    toolConfig: "toolConfig",
    safetySettings: "safetySetting",
    generationConfig: "generationConfig",
  },
  codeAssistRequest: {
    ...plain("model", "cachedContent", "labels", "sessionId"),
    contents: "content",
    systemInstruction: "content",
    tools: "tool",
    toolConfig: "toolConfig",
    safetySettings: "safetySetting",
    generationConfig: "generationConfig",
  },
  content: { role: PLAIN, parts: "part" },
  part: {
    ...plain("text", "thought", "thoughtSignature", "videoMetadata", "mediaResolution", "partMetadata"),
    ...plain("executableCode", "codeExecutionResult"),
    inlineData: "blob",
    fileData: "file",
    functionCall: "functionCall",
    functionResponse: "functionResponse",
  },
  blob: plain("mimeType", "data", "displayName"),
  file: plain("mimeType", "fileUri", "displayName"),
  functionCall: plain("id", "name", "args"),
  functionResponse: { ...plain("id", "name", "response", "willContinue", "scheduling"), parts: "part" },
  tool: {
    ...plain("googleSearch", "googleSearchRetrieval", "codeExecution", "urlContext", "computerUse", "retrieval"),
    ...plain("fileSearch", "googleMaps", "enterpriseWebSearch", "mcpServers"),
    functionDeclarations: "declaration",
  },
  declaration: {
    ...plain("name", "description", "parametersJsonSchema", "responseJsonSchema", "behavior"),
    parameters: "schema",
    response: "schema",
  },
  schema: {
    ...plain(...SCHEMA_WORDS),
    items: "schema",
    anyOf: "schema",
    properties: "schemas",
  },
  toolConfig: {
    functionCallingConfig: "callingConfig",
    retrievalConfig: PLAIN,
    includeServerSideToolInvocations: PLAIN,
  },
  callingConfig: plain("mode", "allowedFunctionNames", "streamFunctionCallArguments"),
  safetySetting: plain("category", "threshold", "method"),
  generationConfig: {
    ...plain("temperature", "maxOutputTokens", "topP", "topK", "candidateCount", "stopSequences", "presencePenalty"),
    ...plain("frequencyPenalty", "seed", "responseMimeType", "responseJsonSchema", "responseModalities"),
    ...plain("responseLogprobs", "logprobs", "speechConfig", "imageConfig", "mediaResolution", "audioTimestamp"),
    ...plain("enableEnhancedCivicAnswers", "routingConfig", "modelConfig"),
    responseSchema: "schema",
    thinkingConfig: "thinkingConfig",
  },
  thinkingConfig: plain("includeThoughts", "thinkingBudget", "thinkingLevel"),
}

/** Field names may be written in either case; values of free fields are left as they are. */
function camel(name: string): string {
  return name.replaceAll(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase())
}

function snake(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
}

/**
 * A message with its fields under their camel-case names.
 *
 * @param without names of fields that this surface does not have, as `message.field`
 * @throws GoogleRefused for what the message does not have
 */
export function readMessage(value: unknown, type: string, path: string, without: readonly string[]): Fields {
  if (!isFields(value)) throw wrongKind(path, value)
  const shape = MESSAGES[type] as Shape
  const read: Fields = {}
  for (const [given, entry] of Object.entries(value)) {
    const name = camel(given)
    if (!Object.hasOwn(shape, name) || without.includes(`${type}.${name}`)) throw unknownName(given, path)
    if (entry === null) continue
    const inner = shape[name]
    const at = path === "" ? snake(name) : `${path}.${snake(name)}`
    read[name] = typeof inner === "string" ? readField(entry, inner, at, without) : entry
  }
  return read
}

function readField(entry: unknown, type: string, path: string, without: readonly string[]): unknown {
  if (type === "schemas") {
    if (!isFields(entry)) throw wrongKind(path, entry)
    return Object.fromEntries(
      Object.entries(entry).map(([name, one], n) => [name, readMessage(one, "schema", `${path}[${n}].value`, without)]),
    )
  }
  if (Array.isArray(entry)) {
    return entry.map((one: unknown, n) => readMessage(one, type, `${path}[${n}]`, without))
  }
  return readMessage(entry, type, path, without)
}

function unknownName(name: string, path: string): GoogleRefused {
  const where = path === "" ? "" : ` at '${path}'`
  return fieldViolation(
    "unknown-field",
    path,
    `Invalid JSON payload received. Unknown name "${name}"${where}: Cannot find field.`,
  )
}

function wrongKind(path: string, value: unknown): GoogleRefused {
  const shown = typeof value === "string" ? `"${value}"` : JSON.stringify(value)
  return fieldViolation(
    "wrong-type",
    path,
    `Invalid value at '${path}' (type.googleapis.com/google.protobuf.Struct), ${shown}`,
  )
}

function fieldViolation(rule: string, field: string, description: string): GoogleRefused {
  return new GoogleRefused(400, description, {
    rule,
    details: [{ "@type": "type.googleapis.com/google.rpc.BadRequest", fieldViolations: [{ field, description }] }],
  })
}

/** The list in a field; `undefined` where there is none. @throws GoogleRefused where it is no list */
export function listOf(holder: Fields, name: string, path: string): Fields[] | undefined {
  const value = holder[name]
  if (value === undefined) return undefined
  if (!Array.isArray(value))
    throw invalid("wrong-type", `Invalid value at '${path}' (repeated field), expected a list.`)
  return value as Fields[]
}
