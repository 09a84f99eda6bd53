import type { ServerResponse } from "node:http"
import type { SeenRequest } from "../loopback.ts"
import { Refused } from "./check.ts"
import { pathOf, sendJson } from "./http.ts"
import { modelEntry, modelList } from "./openai-refusals.ts"

/** The efforts that OpenAI's hosts know. Which of them a model takes is its own matter. */
export const EFFORTS: readonly string[] = ["none", "minimal", "low", "medium", "high", "xhigh", "max"]

/** Names of OpenAI's models that think. */
export function thinksByName(model: string): boolean {
  return /^(?:o\d|gpt-(?:[5-9]|\d\d)|codex|gpt-oss)/.test(model)
}

/** Headers of every answer of a host of OpenAI, or of Azure. */
export function hostHeaders(request: SeenRequest, azure: boolean): Record<string, string> {
  const n = request.index + 1
  if (azure) return { "apim-request-id": `emulated-${n}`, "x-ms-region": "Emulated" }
  return { "x-request-id": `req_emulated_${n}`, "openai-version": "2020-10-01", "openai-processing-ms": "1" }
}

/** Answers a request for the models of a host; true when it was one. @throws Refused */
export function answersModels(
  request: SeenRequest,
  response: ServerResponse,
  headers: Readonly<Record<string, string>>,
  models: readonly string[] = ["gpt-emulated"],
): boolean {
  if (request.method !== "GET") return false
  const path = pathOf(request)
  const one = /^\/v1\/models\/(.+)$/.exec(path)?.[1]
  if (path !== "/v1/models" && one === undefined) return false
  const body = one === undefined ? modelList(models) : modelEntry(decodeURIComponent(one), models)
  sendJson(response, 200, body, headers)
  return true
}

/** Refuses what is no `POST` to the one path of a host. @throws Refused */
export function checkRoute(request: SeenRequest, route: string): void {
  const path = pathOf(request)
  if (path !== route) {
    throw new Refused(404, "invalid_request_error", `Invalid URL (${request.method} ${path})`)
  }
  if (request.method !== "POST") {
    throw new Refused(405, "invalid_request_error", `Not allowed to ${request.method} on ${path}.`, {
      code: "method_not_supported",
    })
  }
}
