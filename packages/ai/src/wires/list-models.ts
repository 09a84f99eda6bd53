import type { ListedModel, Operation } from "../contract/wire-client.ts"
import { isObject } from "../model/json.ts"

/** `GET /models`. Reads OpenAI's list and the fields that aggregators and local servers add to it. */
export const listModels: Operation<void, ListedModel[]> = {
  encode: () => ({
    method: "GET",
    path: "/models",
    headers: { accept: "application/json" },
    body: null,
    losses: [],
  }),
  decode(body) {
    const list = Array.isArray(body) ? body : isObject(body) ? (body["data"] ?? body["models"]) : undefined
    if (!Array.isArray(list)) return []
    return list.flatMap((entry): ListedModel[] => {
      const fields = isObject(entry) ? entry : {}
      const id = fields["id"] ?? fields["name"] ?? fields["model"]
      if (typeof id !== "string" || id === "") return []
      const name = fields["display_name"] ?? fields["name"]
      const contextWindow = fields["context_length"] ?? fields["context_window"] ?? fields["max_model_len"]
      const maxTokens = fields["max_output_tokens"] ?? fields["max_completion_tokens"]
      return [
        {
          id,
          ...(typeof name === "string" && name !== id ? { name } : {}),
          ...(typeof fields["owned_by"] === "string" ? { ownedBy: fields["owned_by"] } : {}),
          ...(typeof contextWindow === "number" ? { contextWindow } : {}),
          ...(typeof maxTokens === "number" ? { maxTokens } : {}),
        },
      ]
    })
  },
}
