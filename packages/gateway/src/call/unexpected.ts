import { SluiceError } from "@sluice/ai"

/** What a client is told when the gateway itself is at fault. The log has the rest, under the request's id. */
export function unexpected(thrown: unknown): SluiceError {
  return new SluiceError(
    {
      code: "server_error",
      status: 500,
      message: "The gateway failed in a way that it should not.",
      hint: "Its log has the reason under this request's id.",
    },
    { cause: thrown },
  )
}
