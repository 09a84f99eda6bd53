import type { Endpoint } from "../contract/endpoint.ts"
import type { CredentialSource } from "../contract/credential.ts"
import { mergeHeaders } from "../contract/frame.ts"
import type { Route } from "../contract/route.ts"
import { demoScript } from "./demo.ts"
import { mockModel } from "./model.ts"
import { ScriptReader } from "./script.ts"
import { timerSleep } from "./sleep.ts"
import { mockTransport } from "./transport.ts"
import type { MockCall, MockOptions, MockScript, MockStep } from "./types.ts"
import { mockWire } from "./wire.ts"

export { demoScript } from "./demo.ts"
export { exampleOf } from "./example.ts"
export type { MockFrame } from "./frames.ts"
export { mockModel } from "./model.ts"
export type * from "./types.ts"
export { mockWire } from "./wire.ts"

/** A scripted model and what it was asked. */
export interface Mock {
  route: Route
  /** The calls so far, oldest first. */
  readonly calls: readonly MockCall[]
  /** Adds answers. They come when the script is used up; before a script that is a function, they come first. */
  push(...steps: readonly MockStep[]): void
  /** Forgets calls and pushed answers, starts the script and the ids anew. A generator goes on where it is. */
  reset(): void
}

const endpoint: Endpoint = {
  id: "mock",
  dress(request, call) {
    return {
      method: "POST",
      url: `${call.model.baseUrl}${request.path}`,
      headers: mergeHeaders(call.model.headers, request.headers, call.options.headers),
      body: request.body instanceof Uint8Array ? request.body : JSON.stringify(request.body),
    }
  },
}

const credentials: CredentialSource = {
  acquire: () =>
    Promise.resolve({
      credential: { id: "mock", kind: "none" },
      observe(): void {},
      replace: () => Promise.resolve(undefined),
      release(): void {},
    }),
}

/**
 * A scripted model: answers without a network and remembers its calls.
 *
 * @example
 * const mock = createMock([{ text: "Hello" }, { toolCalls: [{ name: "weather", arguments: { city: "Paris" } }] }])
 * await stream(mock.route, { messages: [{ role: "user", content: "Hi" }] }).result()
 * mock.calls[0].context.messages.length // 1
 */
export function createMock(script?: MockScript | MockOptions): Mock {
  const options = isOptions(script) ? script : script === undefined ? {} : { script }
  const model = options.model ?? mockModel("scripted")
  const reader = new ScriptReader(options.script)
  const calls: MockCall[] = []
  let toolCalls = 0
  const transport = mockTransport({
    model,
    script: reader,
    pace: options.pace ?? {},
    sleep: options.sleep ?? timerSleep,
    ids: { toolCall: () => `mock-tc-${++toolCalls}` },
    record(call) {
      const kept = { ...call, index: calls.length }
      calls.push(kept)
      return kept
    },
  })
  return {
    route: { model, wire: mockWire, endpoint, credentials, transport },
    calls,
    push: (...steps) => reader.push(steps),
    reset() {
      calls.length = 0
      toolCalls = 0
      reader.reset()
    },
  }
}

/** The route of a scripted model; without a script the demo model, `mock/demo`. */
export function mockRoute(script?: MockScript | MockOptions): Route {
  if (script === undefined) return createMock({ script: demoScript(), model: mockModel() }).route
  if (isOptions(script) && script.script === undefined) {
    return createMock({ model: mockModel(), ...script, script: demoScript(script.pace ? { pace: script.pace } : {}) })
      .route
  }
  return createMock(script).route
}

function isOptions(script: MockScript | MockOptions | undefined): script is MockOptions {
  return (
    typeof script === "object" && script !== null && !(Symbol.iterator in script) && !(Symbol.asyncIterator in script)
  )
}
