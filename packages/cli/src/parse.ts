import { EFFORTS, type Effort } from "@sluice/catalog"
import { autoWires } from "@sluice/ai/auto"
import { InvalidArgumentError } from "commander"

/** The apis that a command line may name. */
export const APIS: readonly string[] = Object.keys(autoWires).filter((api) => api !== "mock")

/** The same in words. */
export const API_LIST: string = `${APIS.slice(0, -1).join(", ")} and ${APIS.at(-1)}`

/** The levels that `--thinking` takes. */
export const THINKING: readonly (Effort | "off")[] = ["off", ...EFFORTS]

/** A whole number of at least `least`. */
export function wholeNumber(least: number, most: number = Number.MAX_SAFE_INTEGER): (value: string) => number {
  return (value) => {
    const number = Number(value)
    if (/^\d+$/.test(value) && number >= least && number <= most) return number
    const range = most === Number.MAX_SAFE_INTEGER ? `of at least ${least}` : `from ${least} to ${most}`
    throw new InvalidArgumentError(`It must be a whole number ${range}.`)
  }
}

/** A number that is not negative. */
export function amount(value: string): number {
  const number = Number(value)
  if (value.trim() !== "" && Number.isFinite(number) && number >= 0) return number
  throw new InvalidArgumentError("It must be a number that is not negative.")
}

const UNITS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** A time such as `30d`, `12h`, `90m` or `45s`, or `off`, in milliseconds; `off` is 0. */
export function durationOrOff(value: string): number {
  if (value === "off") return 0
  const [, count, unit] = /^(\d{1,6})([smhd])$/.exec(value) ?? []
  const ms = Number(count) * (UNITS[unit ?? ""] ?? Number.NaN)
  if (ms > 0) return ms
  throw new InvalidArgumentError("It must be a time such as 30d, 12h, 90m or 45s, or off.")
}

/** Collects the values of an option that may be given several times. */
export function collect(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value]
}

/** `NAME: value`, several times. */
export function header(value: string, before: Headers = new Headers()): Headers {
  const colon = value.indexOf(":")
  try {
    if (colon < 1) throw new TypeError("no colon")
    before.append(value.slice(0, colon).trim(), value.slice(colon + 1).trim())
  } catch {
    throw new InvalidArgumentError("It must be a name and a value, as in retry-after:5.")
  }
  return before
}

/** `NAME=MODEL[,MODEL…]`, several times. */
export function alias(value: string, before: Readonly<Record<string, readonly string[]>> = {}): typeof before {
  const at = value.indexOf("=")
  const name = value.slice(0, at).trim()
  const models = value
    .slice(at + 1)
    .split(",")
    .map((model) => model.trim())
  if (at < 1 || name === "" || models.includes("")) {
    throw new InvalidArgumentError("It must be a name and its models, as in fast=groq/openai/gpt-oss-20b,mock/demo.")
  }
  return { ...before, [name]: models }
}
