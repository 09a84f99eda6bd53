import type { Endpoint } from "../contract/endpoint.ts"
import { SluiceError } from "../model/errors.ts"
import { plainEndpoint } from "./plain.ts"

/**
 * OpenAI's APIs in a resource of Azure: the key goes into `api-key`, a token of Entra out as a bearer, and the version
 * of the API behind each path.
 *
 * @see https://learn.microsoft.com/azure/ai-foundry/openai/reference-preview-latest
 */
export const azureEndpoint: Endpoint = plainEndpoint("azure", {
  scheme: () => "api-key",
  base(url) {
    if (!url.includes("{resource}")) return url
    throw new SluiceError({
      code: "config",
      message: "It is not known which resource of Azure the model is in.",
      hint: "Set AZURE_OPENAI_BASE_URL or AZURE_OPENAI_RESOURCE_NAME, or give the base URL with the call.",
    })
  },
})
