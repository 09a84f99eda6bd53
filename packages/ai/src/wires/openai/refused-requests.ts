import type { SluiceError } from "../../model/errors.ts"
import { isAboutValue, refuses } from "../refusal.ts"

/** Statuses that hosts refuse a request's shape with. */
export const REFUSING: ReadonlySet<number> = new Set([400, 404, 415, 422, 500, 501])
/** What a host says that calls the shape of a request an error of its own. */
const OF_SHAPE = /strict|schema|grammar|structured|wrong_api_format/i

/** Whether the host said that the error is one of the request. */
export function isOfRequest({ code, status }: SluiceError): boolean {
  return (code === "invalid_request" || code === "unsupported") && status !== 500
}

/** Whether an error may be one of the request; a server that merely broke is no reason to build it again. */
export function mayBeOfRequest(error: SluiceError): boolean {
  if (isOfRequest(error)) return true
  const { code, message, type } = error
  if (code !== "invalid_request" && code !== "unsupported" && code !== "server_error") return false
  return OF_SHAPE.test(`${message} ${type}`)
}

/** Whether a host refused the role `developer`. `messages` is the field that messages stand in. */
export function refusesDeveloper({ message, param }: SluiceError, messages: string): boolean {
  const role = /["'`]developer["'`]|\bdeveloper\b.{0,40}\brole\b|\brole\b.{0,40}\bdeveloper\b/is.test(message)
  const here = param === undefined || param.includes(messages) || param.includes("role")
  return role && here && (refuses(message) || isAboutValue(message))
}
