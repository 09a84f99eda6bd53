import type { LoopbackServer } from "../../loopback.ts"
import type { Fields } from "../check.ts"
import type { GoogleError, GoogleCall, GoogleRules, GoogleOptions, GoogleScript } from "./types.ts"

/** A plan that an account may take. */
export interface EmulatedTier {
  id: string
  isDefault?: boolean
}

/** The one account that the emulator has, before anything was asked. */
export interface EmulatedAssistAccount {
  /** The plan it has; absent: it has to be enrolled. */
  tier?: string
  /** The project that goes with it; absent: its own is needed. */
  project?: string
  /** Plans that are offered to it. Default: `free-tier`, as the default. */
  offered?: readonly EmulatedTier[]
  /** The project that enrolling gives. Default `emulated-project`. */
  enrolledProject?: string
  /** How often is asked before enrolling is done. Default 1. */
  polls?: number
}

/** What an emulated Code Assist is told; everything has a default. */
export interface CodeAssistOptions extends GoogleRules {
  script?: GoogleScript
  /** Default: any bearer is good. */
  accessToken?: GoogleOptions["accessToken"]
  account?: EmulatedAssistAccount
  /** The project's name is given as a bare text, not within an object. */
  bareProject?: boolean
  /** `loadCodeAssist` is answered with this error. */
  loadError?: GoogleError
  /** Fields beside `project`, `model` and `request` that a request must have. */
  requires?: readonly string[]
}

/** An emulated Code Assist. */
export interface CodeAssistEmulator extends LoopbackServer {
  /** Calls that were not refused. */
  calls: readonly GoogleCall[]
  /** What each request for an answer was wrapped in, its `request` left out. */
  wrappers: readonly Fields[]
  /** Names of the methods that were asked, in order. */
  methods: readonly string[]
}
