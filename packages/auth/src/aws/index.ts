export { awsSource } from "./source.ts"
export type { AwsOptions, RunProgram } from "./types.ts"
