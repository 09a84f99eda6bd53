import type { Modality, Model } from "@sluice/catalog/core"
import { expect, test } from "vitest"
import type { Traits } from "../contract/wire-client.ts"
import type { Block } from "../model/message.ts"
import { handoff } from "./handoff.ts"

const own = { api: "google-generative-ai", provider: "google", model: "m" }
const source = { data: "AA==", mimeType: "image/png" }
const signature = { value: "c2ln", issuer: own }

function handed(block: Block, inAnswer: boolean, input: Modality[] = ["text", "image"], id = "m") {
  const traits: Traits = {
    toolCallId: { pattern: /^\w+$/, maxLength: 64 },
    toolName: { pattern: /\S/, maxLength: 256 },
    media: { image: true, document: true, audio: true, inAnswer },
  }
  const model: Model = {
    id,
    provider: "google",
    api: "google-generative-ai",
    baseUrl: "https://host.invalid",
    input,
    output: ["text"],
    compat: {},
  }
  const { context, losses } = handoff(
    {
      messages: [
        {
          role: "assistant",
          ...own,
          content: [{ type: "text", text: "Here." }, block],
          usage: { provenance: "absent" },
          stopReason: "stop",
          timestamp: 0,
        },
        { role: "user", content: "q" },
        {
          role: "assistant",
          ...own,
          content: [{ type: "text", text: "Done." }],
          usage: { provenance: "absent" },
          stopReason: "stop",
          timestamp: 0,
        },
      ],
    },
    model,
    traits,
  )
  return { block: context.messages[0]?.content[1], losses: losses.map(({ kind, field }) => `${kind} ${field}`) }
}

const PLACE = "messages[0].content[1]"

test("a picture of an answer goes where the wire has a place for it and the model can see", () => {
  const picture: Block = { type: "image", source, signature }
  expect(handed(picture, true)).toEqual({ block: picture, losses: [] })
  expect(handed(picture, true, ["text"])).toEqual({ block: undefined, losses: [`dropped ${PLACE}`] })
  expect(handed(picture, false)).toEqual({ block: undefined, losses: [`dropped ${PLACE}`] })
})

test("its signature goes to the model that made it", () => {
  expect(handed({ type: "image", source, signature }, true, ["image"], "n")).toEqual({
    block: { type: "image", source },
    losses: [`dropped ${PLACE}.signature`],
  })
})

test("what was said aloud goes as its words where the sound has no place", () => {
  const audio: Block = { type: "audio", source: { data: "AA==", mimeType: "audio/wav" }, transcript: "hum \ud800" }
  expect(handed(audio, false)).toEqual({
    block: { type: "text", text: "hum \ufffd" },
    losses: [`approximated ${PLACE}`],
  })
  expect(handed({ ...audio, transcript: " " }, false).losses).toEqual([`dropped ${PLACE}`])
})
