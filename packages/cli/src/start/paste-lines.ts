/** Lines for a person to paste: the gateway's address and key in curl and in the two SDKs. */
export function pasteLines(url: string, apiKey: string): string {
  return `
curl ${url}/v1/chat/completions \\
  -H "authorization: Bearer ${apiKey}" -H "content-type: application/json" \\
  -d '{"model": "mock/demo", "stream": true, "messages": [{"role": "user", "content": "Hello"}]}'

import OpenAI from "openai"
const openai = new OpenAI({ baseURL: "${url}/v1", apiKey: "${apiKey}" })
const chat = await openai.chat.completions.create({ model: "mock/demo", messages: [{ role: "user", content: "Hello" }] })
console.log(chat.choices[0].message.content)

import Anthropic from "@anthropic-ai/sdk"
const anthropic = new Anthropic({ baseURL: "${url}", apiKey: "${apiKey}" })
const message = await anthropic.messages.create({ model: "mock/demo", max_tokens: 1024, messages: [{ role: "user", content: "Hello" }] })
console.log(message.content)
`
}
