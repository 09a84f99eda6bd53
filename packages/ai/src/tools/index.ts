export type { ArgumentChange, ArgumentIssue, ArgumentPath, ArgumentRepair } from "./arguments/types.ts"
export {
  type InvalidArguments,
  validateArguments,
  validateToolCall,
  type ValidArguments,
} from "./arguments/validate.ts"
export type { JsonRepair } from "./lenient-json.ts"
export { repairArguments, type RepairedArguments } from "./repair-arguments.ts"
export { type RepeatedCall, repeatedCalls } from "./repeated-calls.ts"
export { toolError, toolResult } from "./results.ts"
