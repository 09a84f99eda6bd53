import { isFields, type Checked } from "../check.ts"
import { bad, type Issued } from "./check-blocks.ts"
import { requestChecks, type AnthropicRules } from "./check.ts"

/** How a cloud takes Anthropic's Messages. */
export interface CloudForm {
  /** Value of `anthropic_version` in the body. */
  version: string
  /** Fields that stand elsewhere, or nowhere. */
  without: readonly string[]
}

/** @see https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-anthropic-claude-messages.html */
export const BEDROCK_FORM: CloudForm = { version: "bedrock-2023-05-31", without: ["model", "stream", "service_tier"] }

/** @see https://docs.claude.com/en/api/claude-on-vertex-ai */
export const VERTEX_FORM: CloudForm = { version: "vertex-2023-10-16", without: ["model"] }

/** What a body in Anthropic's form is checked for on another cloud, where the version and the betas stand in it. */
export function cloudChecks(
  json: unknown,
  model: string,
  form: CloudForm,
  rules: AnthropicRules,
  issued: Issued,
): Checked {
  if (!isFields(json)) throw bad("body-object", "Malformed input request: expected an object")
  const { anthropic_version: version, anthropic_beta: betas, ...rest } = json
  if (version !== form.version) {
    throw bad(
      "anthropic-version",
      `Malformed input request: anthropic_version: "${String(version)}" is not ${form.version}`,
    )
  }
  for (const name of form.without) {
    if (!(name in rest)) continue
    throw bad(
      "unknown-field",
      `Malformed input request: #: extraneous key [${name}] is not permitted, please reformat your input and try again.`,
    )
  }
  const named = Array.isArray(betas) ? betas.join(",") : ""
  return requestChecks({ model, ...rest }, named, rules, issued, false)
}
