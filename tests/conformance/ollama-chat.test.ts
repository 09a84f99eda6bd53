import { ollamaChat } from "@sluice/ai/wires/ollama-chat"
import { describe, expect, test } from "vitest"
import { absentWithout, byteByByte, conformance, corpus, decode, withLineEnd } from "./harness.ts"

conformance(ollamaChat, ["ollama-chat"])

describe("ollama-chat lines", () => {
  absentWithout("ollama-chat")
  for (const one of corpus("ollama-chat").filter(({ meta }) => meta.format === "jsonl")) {
    test(`${one.id} with CRLF line ends`, () => {
      const bytes = withLineEnd(one.bytes, "\r\n")
      const whole = decode(ollamaChat, one, [one.bytes])
      expect(decode(ollamaChat, one, [bytes])).toEqual(whole)
      expect(decode(ollamaChat, one, byteByByte(bytes))).toEqual(whole)
    })
    test(`${one.id} without the last line is no whole answer`, () => {
      const lines = new TextDecoder().decode(one.bytes).trimEnd().split("\n").slice(0, -1)
      const message = decode(ollamaChat, one, [new TextEncoder().encode(`${lines.join("\n")}\n`)])
      expect(message.error?.code).toBe("stream_incomplete")
    })
  }
})
