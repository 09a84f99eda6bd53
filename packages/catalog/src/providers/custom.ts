import { ALL_FAMILIES } from "../families/all.ts"
import type { Provider } from "../provider.ts"

/** Id of a host that the catalog has no entry for. */
export const CUSTOM_ID = "custom"

/**
 * A host that the catalog has no entry for, named by its base URL alone. It gets plain requests, and models of known
 * families are asked to think in their own way. Not in the registry: without an address it is nothing.
 */
export const custom: Provider = {
  id: CUSTOM_ID,
  name: "Custom host",
  kind: "local",
  apis: [{ api: "openai-completions", baseUrl: "http://127.0.0.1" }],
  keyEnv: [],
  baseUrlEnv: [],
  docs: "https://www.npmjs.com/package/@sluice/catalog",
  login: "key",
  thirdParty: "allowed",
  listing: { path: "/models", shape: "openai", auth: "optional" },
  defaultModel: "default",
  rules: ALL_FAMILIES,
}
