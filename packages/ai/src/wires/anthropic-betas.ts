import type { Call } from "../contract/wire-client.ts"

const HEADER = "anthropic-beta"

/** The betas of Anthropic's models that the model's entry and the caller name in a header. */
export function betasOfHeaders({ model, options }: Pick<Call, "model" | "options">): string[] {
  return [model.headers, options.headers].flatMap((headers) => {
    const key = Object.keys(headers ?? {}).find((name) => name.toLowerCase() === HEADER)
    return key === undefined ? [] : listedBetas(headers?.[key])
  })
}

/** Betas as a list or in one text, separated by commas. */
export function listedBetas(value: unknown): string[] {
  const parts = typeof value === "string" ? value.split(",") : Array.isArray(value) ? value : []
  return parts
    .filter((part): part is string => typeof part === "string")
    .map((part) => part.trim())
    .filter(Boolean)
}
