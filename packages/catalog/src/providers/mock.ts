import type { Provider } from "../provider.ts"

/** The scripted model that is built in: no network, no key, no cost. */
export const mock: Provider = {
  id: "mock",
  name: "Scripted model",
  kind: "local",
  apis: [{ api: "mock", baseUrl: "mock://local" }],
  keyEnv: [],
  baseUrlEnv: [],
  docs: "https://www.npmjs.com/package/@sluice/ai",
  login: "none",
  thirdParty: "allowed",
  compat: { keyless: true },
  defaultModel: "demo",
  rules: [
    {
      match: /^demo$/,
      set: {
        name: "Demo",
        input: ["text", "image", "document"],
        thinking: { mode: "effort", efforts: ["low", "medium", "high"] },
      },
    },
  ],
  models: async () => (await import("../models/mock.ts")).MODELS,
}
