import type { InboundOp, WireServer } from "../../contract/wire-server.ts"
import { accept } from "./accept.ts"
import { relay } from "./relay.ts"
import { failure } from "./respond-failure.ts"
import { GenerateResponder } from "./respond.ts"
import { listing, VERSIONS } from "./server-listing.ts"
import { API } from "./types.ts"

/**
 * Google's `generateContent`, server side: what its clients ask and how they are answered. Model and method stand in
 * the path.
 * @see https://ai.google.dev/api/generate-content
 */
export const googleGenerativeAiServer: WireServer = {
  api: API,
  routes: VERSIONS.map((version) => ({
    method: "POST" as const,
    path: `/${version}/models/:call{.+:[A-Za-z]+}`,
    op: "generate" satisfies InboundOp,
  })),
  accept,
  responder: (call, mint) => new GenerateResponder(call, mint),
  counted: ({ inputTokens }) => ({ totalTokens: inputTokens }),
  failure,
  relay,
  listing,
}
