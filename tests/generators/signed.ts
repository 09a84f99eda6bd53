/** The signature that an issuer gives to a text: base64, and another one for every text. */
export function signed(issuer: string, text: string): string {
  let sum = 0x811c9dc5
  for (const char of `${issuer} ${text}`) sum = Math.imul(sum ^ (char.codePointAt(0) as number), 0x01000193) >>> 0
  return Buffer.from(`${issuer} ${sum}`).toString("base64")
}
