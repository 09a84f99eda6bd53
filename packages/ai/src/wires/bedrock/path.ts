import { SluiceError } from "../../model/errors.ts"

/** What can be asked of a model. */
export type Operation = "converse-stream" | "converse" | "count-tokens" | "invoke" | "invoke-with-response-stream"

/**
 * The path of a request about a model. Its id is one segment, in which everything that is reserved is spelled out.
 * @throws SluiceError `invalid_request` for an id that would be another path
 */
export function pathOf(model: string, operation: Operation): string {
  if (/^\.{0,2}$/.test(model)) {
    throw new SluiceError({
      code: "invalid_request",
      message: "The id of the model is none.",
      param: "model",
      hint: "Name a model, an inference profile or the ARN of one.",
    })
  }
  const id = encodeURIComponent(model).replace(
    /[!'()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  )
  return `/model/${id}/${operation}`
}

/** The model whose tokens are counted: profiles have no counts of their own. */
export function countedModel(id: string): string {
  return id.replace(/^(?:us-gov|us|eu|apac|au|jp|ca|global)\.(?=[a-z0-9-]+\.)/, "")
}
