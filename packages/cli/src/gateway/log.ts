import type { Logger } from "@sluice/gateway"
import { pino } from "pino"
import type { Io } from "../io.ts"
import { forTerminal, type Style, styleOf } from "../terminal/style.ts"
import { milliseconds } from "../terminal/usage-line.ts"

/** A logger on standard error: JSON for programs, a line for each request for people. */
export function createLogger(io: Io, level: string, options: { json?: boolean } = {}): Logger {
  const style = styleOf(io.stderr, io.env)
  const people = io.stderr.isTTY === true && !options.json
  const write = (line: string): void => void io.stderr.write(people ? `${forPeople(line, style)}\n` : line)
  return pino({ level, base: null }, { write })
}

/** One line of the log as a person reads it. */
export function forPeople(line: string, style: Style): string {
  const { time, level, msg, status, wire, model, ms, error, request, err } = JSON.parse(line) as Record<string, unknown>
  const clock = style.dim(typeof time === "number" ? new Date(time).toTimeString().slice(0, 8) : "")
  const text = (value: unknown): string => (typeof value === "string" ? forTerminal(value).replaceAll("\n", " ") : "")
  if (typeof status === "number") {
    const paint = status < 400 ? style.green : status < 500 ? style.yellow : style.red
    const took = typeof ms === "number" ? milliseconds(ms) : ""
    const parts = [
      clock,
      paint(String(status)),
      text(model) || "-",
      style.dim(text(wire)),
      took,
      style.red(text(error)),
    ]
    return [...parts, style.dim(text(request))].filter((part) => part !== "").join("  ")
  }
  const bad = typeof level === "number" && level >= 40
  const why = typeof err === "object" && err !== null ? text((err as { message?: unknown }).message) : ""
  return [clock, bad ? style.red(text(msg)) : text(msg), why, style.dim(text(request))]
    .filter((part) => part !== "")
    .join("  ")
}
