const LONE_SURROGATE = /(?<!\\)((?:\\\\)*)\\ud[89a-f][0-9a-f]{2}/g

/**
 * JSON that strict readers accept: half a surrogate pair, which `JSON.stringify` writes as an escape and hosts
 * refuse, becomes U+FFFD. Everything else is what `JSON.stringify` gives.
 */
export function serialise(body: unknown): string {
  const text = JSON.stringify(body)
  return text.includes("\\ud") ? text.replace(LONE_SURROGATE, "$1\ufffd") : text
}
