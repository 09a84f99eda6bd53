import type { Block, TextBlock } from "../../model/message.ts"
import type { Losses } from "../../model/losses.ts"
import { API, isBesideParts, isObject, type Candidate, type Obj } from "./types.ts"

/** What an answer rests on, where a block is that and no part of it. */
export function aboutOf(block: Block): Obj | undefined {
  if (block.type !== "native" || block.api !== API) return undefined
  return isBesideParts(block.item) ? block.item : undefined
}

/** What belongs to a text and is told in the candidate: its sources and log probabilities. */
export function besideText(block: TextBlock, path: string, losses: Losses): Candidate | undefined {
  const { citations = [], logprobs = [] } = block
  const sources = citations.filter(isSource)
  // Statements about the grounding are told with all of it, at the end.
  const others = citations.filter((one) => !isSource(one) && !isSupport(one))
  if (others.length > 0) losses.dropped(`${path}.citations`, "Citations of another wire cannot be spelled.")
  const [result] = logprobs
  const own = logprobs.length === 1 && isObject(result) && "chosenCandidates" in result
  if (logprobs.length > 0 && !own) {
    losses.dropped(`${path}.logprobs`, "Log probabilities of another wire cannot be spelled.")
  }
  if (sources.length === 0 && !own) return undefined
  return {
    ...(sources.length > 0 ? { citationMetadata: { citationSources: sources } } : {}),
    ...(own ? { logprobsResult: result } : {}),
  }
}

/** What is told beside several pieces, as one: sources of all of them, of anything else the last. */
export function besideAll(all: readonly (Candidate | undefined)[]): Candidate {
  const cited = all.flatMap((one) => sourcesIn(one?.citationMetadata))
  const one: Candidate = Object.assign({}, ...all)
  return cited.length > 0 ? { ...one, citationMetadata: { citationSources: cited } } : one
}

/** Vertex has another name for them. */
function sourcesIn({ citationSources, citations }: Obj = {}): unknown[] {
  const list = citationSources ?? citations
  return Array.isArray(list) ? list : []
}

function isSource(citation: unknown): boolean {
  return isObject(citation) && !("type" in citation) && ("uri" in citation || "startIndex" in citation)
}

function isSupport(citation: unknown): boolean {
  return isObject(citation) && "segment" in citation && "groundingChunkIndices" in citation
}
