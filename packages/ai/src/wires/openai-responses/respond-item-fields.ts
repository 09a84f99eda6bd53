import { codecOf } from "@sluice/catalog/core"
import type { Block, Opaque, TextBlock, ToolCallBlock } from "../../model/message.ts"
import { parseObject } from "../../model/json.ts"
import { type Maker, seal, type SealedOf, type SealedThought, withIssuer } from "../server-seal.ts"
import { API, isAnnotation, isObject, nestedFields, type Obj } from "./types.ts"

/** Reports something that the wire cannot carry as it is. */
export type Report = (field: string, reason: string, kind?: "dropped" | "approximated" | "injected") => void

/** The citations of a text that this wire can spell; the others are reported. */
export function annotationsOf(block: TextBlock, path: string, report: Report): Obj[] {
  const annotations: Obj[] = []
  block.citations?.forEach((citation, i) => {
    const at = `${path}.citations[${i}]`
    if (!isAnnotation(citation)) {
      report(at, "Citations of another wire cannot be spelled.")
      return
    }
    const nested = nestedFields(citation)
    if (nested) report(at, "Citations of another wire are spelled anew.", "approximated")
    annotations.push(nested ? { type: citation["type"], ...nested } : citation)
  })
  return annotations
}

/** Log probabilities of a text. */
export function logprobsOf(block: TextBlock, path: string, report: Report): Obj[] {
  const given = block.logprobs ?? []
  const own = given.filter(isObject)
  if (own.length < given.length) report(`${path}.logprobs`, "Log probabilities are objects on this wire.")
  return own
}

/** The fields that a reasoning item of a host of this wire had, where a signature is one. */
export function ownReasoning(signature: Opaque | undefined): Obj | undefined {
  if (!signature?.value || (signature.issuer && codecOf(signature.issuer.api) !== API)) return undefined
  const item = parseObject(signature.value)
  return item?.["type"] === "reasoning" ? item : undefined
}

/** The parts of a thinking's summary as its host had them, where they are known. */
export function summaryParts(thinking: string, own: Obj | undefined): string[] {
  const { summary } = own ?? {}
  if (!Array.isArray(summary)) return [thinking]
  const texts = summary.map((part) => (isObject(part) && typeof part["text"] === "string" ? part["text"] : ""))
  return texts.join("\n\n") === thinking ? texts : [thinking]
}

/**
 * What the item of a thinking has besides its summary. A signature of another wire is sealed into the field that
 * clients keep and send back.
 */
export function signatureFields(signature: Opaque | undefined, thought: SealedThought, maker: Maker): Obj {
  const own = ownReasoning(signature)
  if (own) {
    const { content: texts, encrypted_content: encrypted } = own
    return {
      ...(Array.isArray(texts) && texts.length > 0 ? { content: texts } : {}),
      ...(typeof encrypted === "string" && encrypted !== "" ? { encrypted_content: encrypted } : {}),
    }
  }
  if (!signature?.value) return {}
  return { encrypted_content: seal({ thoughts: [{ ...thought, opaque: withIssuer(signature, maker) }] }) }
}

/** An item of reasoning for nothing but the signature of something else, which the wire has no field for. */
export function signatureItem(signature: Opaque, of: SealedOf, maker: Maker, id: string): Obj {
  const sealed = seal({ thoughts: [], own: withIssuer(signature, maker), of })
  return { type: "reasoning", id, summary: [], encrypted_content: sealed }
}

/** The arguments of a finished call: the text that was streamed, unless something else has come of it. */
export function finalArguments(block: ToolCallBlock, streamed: string): string {
  if (block.custom) {
    const { input } = block.arguments
    return typeof input === "string" ? input : streamed
  }
  if (block.rawArguments !== undefined) return block.rawArguments
  const settled = JSON.stringify(block.arguments)
  if (streamed === "") return settled
  try {
    return JSON.stringify(JSON.parse(streamed)) === settled ? streamed : settled
  } catch {
    return settled
  }
}

/** A block that arrives whole as an item; `undefined` where the wire has none for it. */
export function wholeItem(
  block: Block,
  path: string,
  maker: Maker,
  mint: (prefix: string) => string,
  report: Report,
): Obj | undefined {
  switch (block.type) {
    case "native":
      if (block.api === API) return block.item
      report(path, `Only ${block.api} knows this kind of content.`)
      return undefined
    case "redactedThinking":
      return {
        type: "reasoning",
        id: mint("rs_"),
        summary: [],
        ...signatureFields(block.data, { type: "redactedThinking", opaque: block.data }, maker),
      }
    case "image":
      if ("data" in block.source) {
        report(path, "A picture stands as the result of an image generation.", "approximated")
        return { type: "image_generation_call", id: mint("ig_"), status: "completed", result: block.source.data }
      }
      report(path, "The wire carries a picture by its data only.")
      return undefined
    default:
      report(path, `An answer of this wire holds no ${block.type}.`)
      return undefined
  }
}

/** An item as its first event has it: on its way, and without what makes it large. */
export function itemOnItsWay(item: Obj): Obj {
  return {
    ...item,
    ...(item["status"] === undefined ? {} : { status: "in_progress" }),
    ...(typeof item["result"] === "string" ? { result: null } : {}),
  }
}
