import { describe, expect, test } from "vitest"
import type { MediaSource } from "../model/message.ts"
import { soundSource } from "./media.ts"

const png = (data: string): MediaSource => ({ data, mimeType: "image/png" })

describe("sources of media", () => {
  test.each<[string, MediaSource]>([
    ["data", png("AA==")],
    ["an address", { url: "https://x.invalid/a.png" }],
    ["a place in a cloud", { url: "gs://bucket/a.png" }],
    ["a file", { fileId: "file_1" }],
  ])("%s stays the same object", (_name, source) => {
    expect(soundSource("image", source)).toEqual({ source })
    expect((soundSource("image", source) as { source: unknown }).source).toBe(source)
  })

  test.each<[string, MediaSource, MediaSource]>([
    ["line ends", png("aGVs\r\nbG8=\n"), png("aGVsbG8=")],
    ["no padding", png("aGVsbG8"), png("aGVsbG8=")],
    ["the alphabet of addresses", png("-_-_"), png("+/+/")],
    ["the head of an address", png("data:image/png;base64,AA=="), png("AA==")],
    ["an address with the data in it", { url: "data:image/png;charset=x;base64,AA==" }, png("AA==")],
  ])("%s become plain base64", (_name, source, want) => {
    expect(soundSource("image", source)).toEqual({ source: want })
  })

  test.each<[MediaSource, string]>([
    [png(""), "its data is not base64"],
    [png("not base64!"), "its data is not base64"],
    [png("a"), "its data is not base64"],
    [{ data: "AA==", mimeType: " " }, "its type is not named"],
    [{ data: "AA==", mimeType: "application/pdf" }, "its type is application/pdf"],
    [{ url: "" }, "its address cannot be read"],
    [{ url: "nowhere" }, "its address cannot be read"],
    [{ fileId: " " }, "its file has no id"],
  ])("%j: %s", (source, why) => {
    expect(soundSource("image", source)).toEqual({ why })
  })
})
