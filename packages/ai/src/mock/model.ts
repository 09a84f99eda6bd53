import type { Model } from "@sluice/catalog/core"

/** A model of the provider `mock`. It costs nothing and reads everything. */
export function mockModel(id: string = "demo", overrides: Partial<Omit<Model, "id">> = {}): Model {
  return {
    id,
    provider: "mock",
    api: "mock",
    name: id === "demo" ? "Sluice demo" : id,
    baseUrl: "mock://local",
    input: ["text", "image", "document", "audio"],
    output: ["text", "image"],
    contextWindow: 200_000,
    maxTokens: 32_000,
    prices: { input: 0, output: 0, cacheRead: 0, cacheWrite: 0 },
    thinking: { mode: "effort", efforts: ["low", "medium", "high"] },
    compat: { keyless: true },
    ...overrides,
  }
}
