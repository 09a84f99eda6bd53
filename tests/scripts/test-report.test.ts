import { expect, test } from "vitest"
import { closingLine, summarise } from "../../scripts/test-report.ts"

test("counts tests by their end", () => {
  const report = { numPassedTests: 5, numFailedTests: 1, numPendingTests: 2, numTodoTests: 1 }
  expect(summarise(report)).toEqual({ passed: 5, failed: 1, skipped: 3 })
})

test("a file that could not be loaded is a failure, one with failed tests is not counted twice", () => {
  const testResults = [
    { status: "failed", assertionResults: [] },
    { status: "failed", assertionResults: [{ status: "failed" }] },
    { status: "passed", assertionResults: [{ status: "passed" }] },
  ]
  expect(summarise({ numPassedTests: 1, numFailedTests: 1, testResults })).toEqual({ passed: 1, failed: 2, skipped: 0 })
})

test("the closing line names skipped tests only where there are some", () => {
  expect(closingLine({ passed: 3, failed: 0, skipped: 0 })).toBe("3 passed, 0 failed")
  expect(closingLine({ passed: 3, failed: 1, skipped: 2 })).toBe("3 passed, 1 failed, 2 skipped")
})
