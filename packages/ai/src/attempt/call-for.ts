import type { Credential } from "../contract/credential.ts"
import type { Channel } from "../contract/transport.ts"
import type { Call } from "../contract/wire-client.ts"

/** What a call is made of: the parts that differ, with the credential and the channel as they are held. */
export interface CallParts extends Omit<Call, "auth" | "channel"> {
  credential: Credential
  channel: Pick<Channel, "kind" | "memory">
}

/** The frozen call that wire and endpoint see: of the credential whose it is and its kind, of the channel a copy. */
export function callFor({ credential, channel, ...rest }: CallParts): Call {
  const { kind, accountId, projectId } = credential
  return Object.freeze({
    ...rest,
    auth: {
      kind,
      ...(accountId === undefined ? {} : { accountId }),
      ...(projectId === undefined ? {} : { projectId }),
    },
    channel: channelFor(channel),
  })
}

/** The same call over another channel. */
export function overChannel(call: Call, channel: Pick<Channel, "kind" | "memory">): Call {
  return Object.freeze({ ...call, channel: channelFor(channel) })
}

function channelFor({ kind, memory }: Pick<Channel, "kind" | "memory">): Call["channel"] {
  return { kind, memory: Object.fromEntries(memory) }
}
