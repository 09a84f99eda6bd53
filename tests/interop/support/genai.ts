/** What the tests use of the `@google/genai` package. */
export interface GenAi {
  models: {
    generateContent(request: GenerateRequest): Promise<GenerateAnswer>
    generateContentStream(request: GenerateRequest): Promise<AsyncIterable<GenerateAnswer>>
    countTokens(request: Omit<GenerateRequest, "config">): Promise<{ totalTokens?: number }>
    list(): Promise<AsyncIterable<GenAiModel>>
    get(request: { model: string }): Promise<GenAiModel>
  }
  chats: { create(request: Omit<GenerateRequest, "contents">): Chat }
}

/** A conversation that the package keeps. */
export interface Chat {
  sendMessage(request: { message: unknown }): Promise<GenerateAnswer>
  sendMessageStream(request: { message: unknown }): Promise<AsyncIterable<GenerateAnswer>>
  getHistory(curated?: boolean): Content[]
}

export interface GenerateRequest {
  model: string
  contents: unknown
  config?: Record<string, unknown>
}

export interface Content {
  role: string
  parts: Record<string, unknown>[]
}

export interface GenerateAnswer {
  text: string | undefined
  functionCalls: { id?: string; name: string; args: Record<string, unknown> }[] | undefined
  candidates?: { content?: Content; finishReason?: string; finishMessage?: string }[]
  promptFeedback?: { blockReason?: string }
  usageMetadata?: Record<string, number>
  modelVersion?: string
  responseId?: string
}

export interface GenAiModel {
  name?: string
  displayName?: string
  inputTokenLimit?: number
  supportedActions?: string[]
}

/** The package, as far as the tests use it. */
export interface GenAiPackage {
  GoogleGenAI: new (options: { apiKey: string; httpOptions: Record<string, unknown> }) => GenAi
  ApiError: new () => Error & { status: number }
}
