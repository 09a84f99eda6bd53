import { isFields, typeName, type Fields, type Refused } from "../check.ts"
import { bad, listed, missing, wrongType } from "../openai-refusals.ts"
import { checkStrict } from "../openai-schema.ts"

/** Kinds of tools that the provider or the client runs by its own rules; their fields are not looked at. */
const OTHER_TOOLS = new Set(
  (
    "web_search web_search_2025_08_26 web_search_preview web_search_preview_2025_03_11 file_search computer " +
    "computer_use_preview code_interpreter image_generation local_shell shell apply_patch mcp tool_search namespace"
  ).split(" "),
)

/** Refuses tools as the Responses API does. @throws Refused */
export function checkTools(body: Fields): void {
  const { tools } = body
  if (tools != null) {
    if (!Array.isArray(tools)) throw wrongType("tools", "an array of objects", tools)
    const names = new Set<string>()
    tools.forEach((tool: unknown, n) => checkTool(tool, `tools[${n}]`, names))
  }
  checkChoice(body["tool_choice"], (tools ?? []) as readonly Fields[])
}

function checkTool(tool: unknown, at: string, names: Set<string>): void {
  if (!isFields(tool)) throw wrongType(at, "an object", tool)
  const { type } = tool
  if (type === undefined) throw missing(`${at}.type`)
  if (type !== "function" && type !== "custom") {
    if (OTHER_TOOLS.has(String(type))) return
    throw bad(
      "tool-type",
      `Invalid value: '${String(type)}'. Supported values are: ${listed(["function", "custom", ...OTHER_TOOLS])}.`,
      `${at}.type`,
      "invalid_value",
    )
  }
  const { name } = tool
  if (name === undefined) throw missing(`${at}.name`)
  if (typeof name !== "string" || !/^[a-zA-Z0-9_-]{1,128}$/.test(name)) {
    throw bad(
      "tool-name",
      `Invalid '${at}.name': string does not match pattern. Expected a string that matches the pattern '^[a-zA-Z0-9_-]+$'.`,
      `${at}.name`,
      "invalid_value",
    )
  }
  if (names.has(name))
    throw bad("tool-name-unique", `Duplicate tool name: '${name}'. Tool names must be unique.`, "tools")
  names.add(name)
  if (type === "function") checkFunction(tool, name, at)
  else checkFormat(tool["format"], `${at}.format`)
}

function checkFunction(tool: Fields, name: string, at: string): void {
  const { parameters, strict } = tool
  if (strict != null && typeof strict !== "boolean") throw wrongType(`${at}.strict`, "a boolean", strict)
  if (parameters === undefined) throw missing(`${at}.parameters`)
  if (parameters === null) return
  if (!isFields(parameters)) throw wrongType(`${at}.parameters`, "an object", parameters)
  const refuse = (rule: string, why: string): Refused =>
    bad(rule, `Invalid schema for function '${name}': ${why}`, `${at}.parameters`, "invalid_function_parameters")
  if (parameters["type"] !== undefined && parameters["type"] !== "object") {
    throw refuse(
      "schema-type",
      `schema must be a JSON Schema of 'type: "object"', got 'type: "${String(parameters["type"])}"'.`,
    )
  }
  checkSchema(parameters, [], refuse)
  if (strict === true) checkStrict(parameters, [], refuse)
}

/** What is refused whether a tool is strict or not. */
function checkSchema(schema: unknown, path: readonly string[], refuse: (rule: string, why: string) => Refused): void {
  if (!isFields(schema)) return
  const context = `In context=(${path.map((part) => `'${part}'`).join(", ")})`
  const { type, properties, pattern } = schema
  if (path.length === 0 && type === "object" && properties === undefined) {
    throw refuse("schema-properties", `${context}, object schema missing properties.`)
  }
  if (type === "array" && schema["items"] === undefined)
    throw refuse("schema-items", `${context}, array schema missing items.`)
  if (schema["oneOf"] !== undefined) throw refuse("schema-one-of", `${context}, 'oneOf' is not permitted.`)
  if (typeof pattern === "string" && /\(\?<?[=!]/.test(pattern))
    throw refuse("schema-pattern", `${context}, 'pattern' is not a valid regex.`)
  const values = [
    ...(Array.isArray(schema["enum"]) ? schema["enum"] : []),
    ...("const" in schema ? [schema["const"]] : []),
  ]
  for (const value of values) {
    if (type === undefined || fits(value, Array.isArray(type) ? type : [type])) continue
    throw refuse(
      "schema-enum",
      `${context}, enum value ${JSON.stringify(value)} does not validate against ${JSON.stringify(schema)}.`,
    )
  }
  for (const [name, entry] of Object.entries(isFields(properties) ? properties : {})) {
    checkSchema(entry, [...path, "properties", name], refuse)
  }
  checkSchema(schema["items"], [...path, "items"], refuse)
  for (const [n, choice] of (Array.isArray(schema["anyOf"]) ? schema["anyOf"] : []).entries()) {
    checkSchema(choice, [...path, "anyOf", String(n)], refuse)
  }
}

function fits(value: unknown, types: readonly unknown[]): boolean {
  const name = typeName(value)
  return types.includes(name) || ((name === "integer" || name === "decimal") && types.includes("number"))
}

function checkFormat(format: unknown, at: string): void {
  if (format == null) return
  if (!isFields(format)) throw wrongType(at, "an object", format)
  if (format["type"] === "text") return
  if (format["type"] !== "grammar") {
    throw bad(
      "format-type",
      `Invalid value: '${String(format["type"])}'. Supported values are: 'text' and 'grammar'.`,
      `${at}.type`,
      "invalid_value",
    )
  }
  if (format["syntax"] !== "lark" && format["syntax"] !== "regex") {
    throw bad(
      "grammar-syntax",
      `Invalid value: '${String(format["syntax"])}'. Supported values are: 'lark' and 'regex'.`,
      `${at}.syntax`,
      "invalid_value",
    )
  }
  if (typeof format["definition"] !== "string") throw missing(`${at}.definition`)
}

function checkChoice(choice: unknown, tools: readonly Fields[]): void {
  if (choice == null) return
  if (typeof choice === "string") {
    const known = ["none", "auto", "required"]
    if (!known.includes(choice)) {
      throw bad(
        "tool-choice",
        `Invalid value: '${choice}'. Supported values are: ${listed(known)}.`,
        "tool_choice",
        "invalid_value",
      )
    }
    if (choice === "required" && tools.length === 0) {
      throw bad(
        "tool-choice-without-tools",
        "Tool choice 'required' must be specified with 'tools' parameter.",
        "tool_choice",
      )
    }
    return
  }
  if (!isFields(choice)) throw wrongType("tool_choice", "one of a string or object", choice)
  const { type, name } = choice
  if (type === "allowed_tools") return
  if (type === undefined) throw missing("tool_choice.type")
  if (type !== "function" && type !== "custom") {
    if (tools.some((tool) => tool["type"] === type)) return
    throw bad("tool-choice-unknown", `Tool choice '${String(type)}' not found in 'tools' parameter.`, "tool_choice")
  }
  if (typeof name !== "string") throw missing("tool_choice.name")
  if (!tools.some((tool) => tool["type"] === type && tool["name"] === name)) {
    throw bad("tool-choice-unknown", `Tool choice '${name}' not found in 'tools' parameter.`, "tool_choice")
  }
}
