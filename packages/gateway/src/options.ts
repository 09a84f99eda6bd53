import type { ResizeImage, RetryOptions, ServedModel, Sluice, Timeouts } from "@sluice/ai"
import { SluiceError } from "@sluice/ai"
import { z } from "zod"
import type { Logger } from "./logger.ts"
import { RESPONSE_LIFETIME_MS } from "./store/kept-responses.ts"
import { THINKING_LIFETIME_MS } from "./store/vault.ts"

/** What a gateway is made of. */
export interface GatewayOptions {
  /** Folder of the database; `:memory:` keeps nothing. */
  dataDir: string
  /** Reaches the models. */
  sluice: Sluice
  /** Names of the models that are listed, as `provider/model`. Asked anew for each listing. */
  listModels?: () => Promise<readonly ListedName[]>
  /** Default `127.0.0.1`. */
  host?: string
  /** Default 4000; 0 is any free port. */
  port?: number
  /** Requests without a key are served. Only on a loopback address. Default false. */
  anonymous?: boolean
  /** Other names for models: a name, and the models that are tried in order. */
  aliases?: Readonly<Record<string, readonly string[]>>
  /** Answers for every name that is neither `provider/model` nor an alias. */
  defaultModel?: string
  /** Largest body of a request in bytes. Default 64 MiB. */
  maxBodyBytes?: number
  /** After this long without content the status is sent all the same, and signs of life follow. Default 15000. */
  commitAfterMs?: number
  /** Silence after which a sign of life is sent on an open stream. Default 15000. */
  keepAliveMs?: number
  /**
   * How long a client may take nothing of an answer that waits for it, in milliseconds; then it counts as one that
   * left, and its call ends. 0: for ever. Default 300000.
   */
  maxStallMs?: number
  /** Connections that may be open at once with one key, or without one. Default 100. */
  maxSocketsPerKey?: number
  /** How long answers are kept that clients want to come back to, in milliseconds; 0 keeps none. Default 30 days. */
  keepResponsesMs?: number
  /**
   * How long what models thought and signed is kept after its last use, in milliseconds, to be put back into requests
   * of clients that leave it out; 0 keeps none. Default 7 days.
   */
  keepThinkingMs?: number
  /** How long running requests may take to end when the gateway stops. Default 10000. */
  graceMs?: number
  /** Limits on trying again; defaults as for any call. */
  retry?: RetryOptions
  /** Limits on waiting for a host; defaults as for any call. */
  timeouts?: Timeouts
  /** Scales down images that a host would refuse, in calls that are translated. Default: they go out as they are. */
  resizeImage?: ResizeImage
  logger?: Logger
}

/** A model in a listing. */
export type ListedName = ServedModel

const positive: z.ZodNumber = z.number().int().nonnegative()

/** Options with their defaults, checked. */
export interface Settings {
  dataDir: string
  host: string
  port: number
  anonymous: boolean
  aliases: Readonly<Record<string, readonly string[]>>
  defaultModel?: string | undefined
  maxBodyBytes: number
  commitAfterMs: number
  keepAliveMs: number
  maxStallMs: number
  maxSocketsPerKey: number
  keepResponsesMs: number
  keepThinkingMs: number
  graceMs: number
  retry?: RetryOptions | undefined
  timeouts?: Timeouts | undefined
}

const schema: z.ZodType<Settings> = z.object({
  dataDir: z.string().min(1),
  host: z.string().min(1).default("127.0.0.1"),
  port: z.number().int().min(0).max(65_535).default(4000),
  anonymous: z.boolean().default(false),
  aliases: z.record(z.string(), z.array(z.string().min(1)).min(1)).default({}),
  defaultModel: z.string().min(1).optional(),
  maxBodyBytes: positive.default(64 * 1024 * 1024),
  commitAfterMs: positive.default(15_000),
  keepAliveMs: positive.default(15_000),
  maxStallMs: positive.default(300_000),
  maxSocketsPerKey: z.number().int().positive().default(100),
  keepResponsesMs: positive.default(RESPONSE_LIFETIME_MS),
  keepThinkingMs: positive.default(THINKING_LIFETIME_MS),
  graceMs: positive.default(10_000),
  retry: z
    .object({ maxAttempts: positive, maxDelayMs: positive, maxTotalDelayMs: positive, baseDelayMs: positive })
    .partial()
    .optional() as z.ZodType<RetryOptions | undefined>,
  timeouts: z.object({ firstEventMs: positive, idleMs: positive }).partial().optional() as z.ZodType<
    Timeouts | undefined
  >,
})

/** @throws SluiceError `config` that names the option at fault */
export function readSettings(options: GatewayOptions): Settings {
  const { sluice: _sluice, listModels: _listModels, logger: _logger, resizeImage: _resizeImage, ...plain } = options
  const parsed = schema.safeParse(plain)
  if (!parsed.success) {
    const issue = parsed.error.issues[0]
    throw new SluiceError({
      code: "config",
      message: `The gateway's option ${issue?.path.join(".") ?? ""} is wrong: ${issue?.message ?? "unknown"}.`,
      hint: "Correct it, or leave it out for its default.",
    })
  }
  const settings = parsed.data
  if (settings.anonymous && !isLoopback(settings.host)) {
    throw new SluiceError({
      code: "config",
      message: `Serving without keys is only allowed on a loopback address, not on ${settings.host}.`,
      hint: "Listen on 127.0.0.1, or make a key and leave anonymous access off.",
    })
  }
  return settings
}

/** Whether a host name or address is this machine's own. */
export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || host === "[::1]" || /^127(?:\.\d{1,3}){3}$/.test(host)
}
