import type { Endpoint } from "../contract/endpoint.ts"
import { plainEndpoint } from "./plain.ts"

/**
 * The Gemini API: the key goes into `x-goog-api-key`, a token of a login out as a bearer. A base URL has the version in
 * it; one without any path gets the vendor's own.
 * @see https://ai.google.dev/gemini-api/docs/api-key
 */
export const googleEndpoint: Endpoint = plainEndpoint("google", {
  scheme: () => "x-goog-api-key",
  base: (url) => (/^https?:\/\/[^/]+$/i.test(url) ? `${url}/v1beta` : url),
})
