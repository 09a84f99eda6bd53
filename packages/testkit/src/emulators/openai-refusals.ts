import type { SeenRequest } from "../loopback.ts"
import { halfCharacter, Refused, typeName, type Fields } from "./check.ts"
import { bearer } from "./http.ts"
import type { EmulatedError } from "./script.ts"

/** A request that is wrong, in the words of OpenAI. */
export function bad(rule: string, message: string, param: string | null, code: string | null = null): Refused {
  return new Refused(400, "invalid_request_error", message, { rule, param, code })
}

/** The refusal of a value of a wrong type, in the words of OpenAI. */
export function wrongType(param: string, wanted: string, value: unknown): Refused {
  const article = /^[aeio]/.test(typeName(value)) ? "an" : "a"
  return bad(
    "wrong-type",
    `Invalid type for '${param}': expected ${wanted}, but got ${value === null ? "null" : `${article} ${typeName(value)}`} instead.`,
    param,
    "invalid_type",
  )
}

/** The refusal of a request in which a parameter is missing. */
export function missing(param: string): Refused {
  return bad("required-field", `Missing required parameter: '${param}'.`, param, "missing_required_parameter")
}

/** Refuses a body that is no JSON for the vendor. @throws Refused */
export function checkText(body: Fields): void {
  const at = halfCharacter(body)
  if (at === undefined) return
  throw bad("unpaired-surrogate", "We could not parse the JSON body of your request.", at)
}

/** Values as they are listed in a refusal: quoted, the last one behind "and". */
export function listed(values: readonly string[]): string {
  const quoted = values.map((value) => `'${value}'`)
  return quoted.length < 3 ? quoted.join(" and ") : `${quoted.slice(0, -1).join(", ")}, and ${quoted.at(-1)}`
}

/** The refusal of a chain whose last response is not known. */
export function previousNotFound(id: string): Refused {
  return bad(
    "previous-response",
    `Previous response with id '${id}' not found.`,
    "previous_response_id",
    "previous_response_not_found",
  )
}

/** Refuses a number that is out of its range. @throws Refused */
export function range(body: Fields, name: string, min: number, max: number): void {
  const value = body[name]
  if (value === undefined || value === null) return
  if (typeof value !== "number") throw wrongType(name, "a decimal", value)
  if (value > max) {
    throw bad(
      "number-range",
      `Invalid '${name}': decimal above maximum value. Expected a value <= ${max}, but got ${value} instead.`,
      name,
      "decimal_above_max_value",
    )
  }
  if (value < min) {
    throw bad(
      "number-range",
      `Invalid '${name}': decimal below minimum value. Expected a value >= ${min}, but got ${value} instead.`,
      name,
      "decimal_below_min_value",
    )
  }
}

/** The words for each status that the vendor documents. */
const ERRORS: Readonly<Record<number, { type: string; code: string | null; message: string }>> = {
  400: { type: "invalid_request_error", code: null, message: "The request is invalid." },
  401: { type: "invalid_request_error", code: "invalid_api_key", message: "Incorrect API key provided." },
  403: {
    type: "invalid_request_error",
    code: "unsupported_country_region_territory",
    message: "Country, region, or territory not supported",
  },
  404: { type: "invalid_request_error", code: "model_not_found", message: "The model does not exist." },
  429: { type: "requests", code: "rate_limit_exceeded", message: "Rate limit reached for requests" },
  500: {
    type: "server_error",
    code: null,
    message: "The server had an error while processing your request. Sorry about that!",
  },
  503: {
    type: "server_error",
    code: null,
    message: "That model is currently overloaded with other requests. You can retry your request.",
  },
}

/** The status and the body of an error. */
export function errorBody(error: EmulatedError): { status: number; body: Fields } {
  const status = error.status ?? 500
  const known = ERRORS[status] ?? (status < 500 ? ERRORS[400] : ERRORS[500])
  return {
    status,
    body: {
      error: {
        message: error.message ?? known?.message,
        type: error.type ?? known?.type,
        param: error.param ?? null,
        code: error.code === undefined ? known?.code : error.code,
      },
    },
  }
}

/** Refuses a request without a key, or with another one. `undefined` takes any, `null` none. @throws Refused */
export function checkBearer(request: SeenRequest, apiKey: string | null | undefined): void {
  if (apiKey === null) return
  const key = bearer(request)
  if (!key) {
    throw new Refused(
      401,
      "invalid_request_error",
      "You didn't provide an API key. You need to provide your API key in an Authorization header using Bearer auth (i.e. Authorization: Bearer YOUR_KEY).",
    )
  }
  if (apiKey !== undefined && key !== apiKey) {
    const shown = key.length > 8 ? `${key.slice(0, 2)}***${key.slice(-2)}` : "***"
    throw new Refused(
      401,
      "invalid_request_error",
      `Incorrect API key provided: ${shown}. You can find your API key at https://platform.openai.com/account/api-keys.`,
      { code: "invalid_api_key" },
    )
  }
}

function entry(id: string): Fields {
  return { id, object: "model", created: 1_700_000_000, owned_by: "emulator" }
}

/** The models of a host as OpenAI lists them. */
export function modelList(models: readonly string[]): Fields {
  return { object: "list", data: models.map(entry) }
}

/** One model of a host. @throws Refused */
export function modelEntry(id: string, models: readonly string[]): Fields {
  if (models.includes(id)) return entry(id)
  throw new Refused(404, "invalid_request_error", `The model '${id}' does not exist`, {
    param: "model",
    code: "model_not_found",
  })
}
