import type { Api } from "@sluice/catalog/core"

/** How long a vendor is asked to keep what stands before a mark in its prompt cache. */
export type CacheMark = "short" | "long"

/** A JSON value. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json | undefined }

/** A JSON Schema object (draft 2020-12 or 07). */
export type JsonSchema = { [key: string]: unknown }

/** A tool whose arguments are a JSON object. */
export interface FunctionTool {
  type?: "function"
  name: string
  description?: string
  parameters: JsonSchema
  /** `true`: the vendor must hold the model to the schema; `false`: it must not; absent: as the host does best. */
  strict?: boolean
  cache?: CacheMark
}

/** A tool whose argument is one text that follows a grammar. */
export interface CustomTool {
  type: "custom"
  name: string
  description?: string
  grammar?: { syntax: "lark" | "regex"; definition: string }
  cache?: CacheMark
}

/** A tool that only one wire knows, e.g. the vendor's own web search. Other wires leave it out. */
export interface NativeTool {
  type: "native"
  api: Api
  item: Record<string, unknown>
  cache?: CacheMark
}

/** Something that a model may call, told apart by `type`; absent means a function. */
export type Tool = FunctionTool | CustomTool | NativeTool

/** Which tool the model may or must call. */
export type ToolChoice = "auto" | "none" | "required" | { name: string }
