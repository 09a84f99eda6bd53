import type { EmulatorScript } from "../script.ts"

/** A model that an emulated host has. */
export interface EmulatedOllamaModel {
  /** With its tag: `qwen3:8b`. */
  name: string
  /** Tokens of its window. Default 32768. */
  contextLength?: number
  /** What it can do. Default `completion` and `tools`. */
  capabilities?: readonly ("completion" | "tools" | "vision" | "thinking" | "insert" | "embedding")[]
}

/** What an emulated Ollama is told; everything has a default. */
export interface OllamaEmulatorOptions {
  /** Default: a greeting for every request. A list that is used up answers 500. */
  script?: EmulatorScript
  /** A key that must be there, as in the vendor's cloud. Default: none is asked for. */
  apiKey?: string
  /** Models that exist. Default: every name is taken and can do everything, `emulated:latest` is listed. */
  models?: readonly EmulatedOllamaModel[]
  /** How long a model takes to load, on the first request for it. Default 0. */
  loadMs?: number
  /** `think` takes levels, not only `true` and `false`. Default true. */
  thinkLevels?: boolean
  /** `think` takes the level `max`, which older servers do not know. Default true. */
  thinkMax?: boolean
  /** Version that is told. Default `0.12.6`. */
  version?: string
}
