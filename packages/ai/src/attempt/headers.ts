import type { HeaderMap } from "../contract/frame.ts"
import { SluiceError } from "../model/errors.ts"

const NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/
// oxlint-disable-next-line no-control-regex
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/

/** Refuses headers that no transport can send, by name and without the value. @throws SluiceError `config` */
export function checkHeaders(headers: HeaderMap): void {
  for (const name of Object.keys(headers)) {
    const value = headers[name]
    if (value === undefined || (NAME.test(name) && VALUE.test(value))) continue
    throw new SluiceError({
      code: "config",
      message: `The header ${JSON.stringify(name)} holds characters that cannot be sent.`,
      hint: "Keys and header values must be plain text; look for invisible characters at the beginning or end.",
    })
  }
}
