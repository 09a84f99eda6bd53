import { codecOf, SluiceError, type CallOptions, type Context, type Issuer, type Model } from "@sluice/ai"
import * as fc from "fast-check"
import { expect, test } from "vitest"
import { hostileContexts, hostileOptions } from "../../generators/hostile.ts"
import { VALIDATORS, type Asked, type Violation } from "../../validators/index.ts"
import { SDK_VALIDATORS } from "../../validators/sdk-schemas.ts"
import { issuedBy } from "./issued.ts"
import { send, wayTo, type Sent, type Way } from "./send.ts"
import { HOSTILE_WIRES, modelsOf, type HostileWire } from "./targets.ts"

/** Cases of a wire. Fewer while working on something: `SLUICE_CASES=500 vitest run tests/hostile`. */
const CASES: number = Number(process.env["SLUICE_CASES"] ?? 10_000)
/** Share of the cases that a wire may refuse by itself: only a conversation in which nothing is said. */
const MOST_REFUSED = 0.1

export function issuerOf({ api, provider, id: model }: Model): Issuer {
  return { api, provider, model }
}

/** What the host of a model is asked, as a validator sees it. */
function askedOf(sent: Sent, { model }: Way, context: Context, wire: HostileWire): Asked {
  const vendor = /^(?:openai|azure-openai|anthropic|amazon-bedrock|google.*)$/.test(model.provider)
  return {
    body: sent.body,
    headers: sent.headers,
    model: model.requestModelId ?? model.id,
    api: model.api,
    vendor,
    strict: vendor,
    ...(vendor ? { issued: issuedBy(context, issuerOf(model), wire.sign) } : {}),
    ...(model.maxTokens === undefined ? {} : { maxTokens: model.maxTokens }),
  }
}

/** A request of a hostile conversation; nothing where the wire refuses it by an error that says why. */
function sent(way: Way, context: Context, options: CallOptions): Sent | undefined {
  try {
    return send(way, context, options)
  } catch (error) {
    if (SluiceError.is(error)) return undefined
    throw error
  }
}

/** Registers the property that no vendor refuses what a wire makes of any conversation. */
export async function hostileProperty(api: string): Promise<void> {
  const wire = HOSTILE_WIRES[api] as HostileWire
  const models = await modelsOf(wire)
  const ways = await Promise.all(models.map(wayTo))
  const validate = VALIDATORS[codecOf(api)] as (asked: Asked) => Violation[]
  const validateTypes = SDK_VALIDATORS[codecOf(api)] ?? (() => [])
  const each = Math.ceil(CASES / ways.length)
  test.each(ways.map((way) => [`${way.model.provider}/${way.model.id}`, way] as const))(
    `what %s is sent breaks no rule of its vendor`,
    (_name, way) => {
      let refused = 0
      const conversation = hostileContexts({ ...wire, own: issuerOf(way.model) })
      const property = fc.property(conversation, hostileOptions, (context, options) => {
        const request = sent(way, context, options)
        if (!request) {
          refused++
          return
        }
        const asked = askedOf(request, way, context, wire)
        const violations = validate(asked)
        if (asked.vendor) violations.push(...validateTypes(asked))
        if (violations.length > 0) expect.fail(`${JSON.stringify(violations)}\n${request.text.slice(0, 4000)}`)
      })
      fc.assert(property, { numRuns: each, includeErrorInReport: true })
      expect(refused / each).toBeLessThan(MOST_REFUSED)
    },
  )
}
