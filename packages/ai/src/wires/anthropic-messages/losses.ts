export { Losses } from "../losses.ts"
