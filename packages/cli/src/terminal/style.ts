import type { Output } from "../io.ts"

/** Puts colour around a text, or leaves it as it is. */
export interface Style {
  bold(text: string): string
  dim(text: string): string
  red(text: string): string
  yellow(text: string): string
  green(text: string): string
  cyan(text: string): string
}

/**
 * The colours for a stream: none where it is no terminal, where `NO_COLOR` is set, or on a terminal without colours.
 * @see https://no-color.org
 */
export function styleOf(stream: Output, env: Readonly<Record<string, string | undefined>>): Style {
  const on = stream.isTTY === true && !env["NO_COLOR"] && env["TERM"] !== "dumb"
  const paint = (open: number, close: number) => (text: string) =>
    on && text !== "" ? `\u001b[${open}m${text}\u001b[${close}m` : text
  return {
    bold: paint(1, 22),
    dim: paint(2, 22),
    red: paint(31, 39),
    yellow: paint(33, 39),
    green: paint(32, 39),
    cyan: paint(36, 39),
  }
}

// oxlint-disable-next-line no-control-regex
const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g

/** A model's text as a terminal may get it: without control characters, with which a text could command the terminal. */
export function forTerminal(text: string): string {
  return text.replaceAll("\r\n", "\n").replace(CONTROL, "")
}
