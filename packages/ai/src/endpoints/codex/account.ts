/** The claim of an access token that names the account. Source: the vendor's own open client. */
const CLAIM = "https://api.openai.com/auth"

/** The account that a token is for; `undefined` where it does not say, as tokens of relays. */
export function accountOf(token: string): string | undefined {
  const parts = token.split(".")
  if (parts.length !== 3) return undefined
  try {
    const base64 = (parts[1] as string).replaceAll("-", "+").replaceAll("_", "/")
    const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0))
    const payload: unknown = JSON.parse(new TextDecoder().decode(bytes))
    const auth: unknown = (payload as Record<string, unknown> | null)?.[CLAIM]
    const account: unknown = (auth as Record<string, unknown> | null | undefined)?.["chatgpt_account_id"]
    return typeof account === "string" && account !== "" ? account : undefined
  } catch {
    return undefined
  }
}
