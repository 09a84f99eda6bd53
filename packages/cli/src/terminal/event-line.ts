import type { AssistantMessageEvent } from "@sluice/ai"

/** An event as one line of JSON, without the message in the making. */
export function eventLine(event: AssistantMessageEvent): string {
  return `${JSON.stringify({ ...event, partial: undefined })}\n`
}
